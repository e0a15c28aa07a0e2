"""Feature catalogues as people have them: any CSV or Parquet with artist, title and features.

Exportify's files are among them. Its rows may lack the features that were not to be had; such a
row, which may even be shorter than the header, is a song without features and no broken line.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from recsys_dagster.audio.catalogue_columns import AUDIO, Columns
from recsys_dagster.audio.catalogue_files import scan_catalogue
from recsys_dagster.audio.features import FEATURES, REFUSED, refuse_impossible
from recsys_dagster.errors import RecsysError
from recsys_dagster.files.csv_lines import PROBLEM, TOO_FEW_FIELDS
from recsys_dagster.identity import with_song_keys
from recsys_dagster.spotify_ids import PATTERN

_NO_FEATURES = "no features"
_NO_VALUE = ("", "-", "n/a", "nan", "none", "null", "undefined")
_COMMA_IN_NAME = ("\\,", "\ue000")
"""How exportify.app writes a comma within a name, and what stands for it meanwhile."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The songs of a catalogue file.

    Attributes
    ----------
    table
        song_key, artist, title, spotify_id, `FEATURES`, refused, rank (0: by all artists named,
        1: by the first of several). A key can stand several times.
    rows
        Rows of the file.
    left_out
        Rows that were no song, by reason.
    refused
        How many songs had a value that cannot be.
    example
        One of them, with the reason.
    """

    file: str
    table: pl.DataFrame
    rows: int
    left_out: dict[str, int]
    refused: int
    example: str = ""

    @property
    def songs(self) -> int:
        """Distinct songs with at least one feature."""
        known = pl.any_horizontal(pl.col(AUDIO).is_not_null())
        return self.table.filter(known, pl.col("rank") == 0)["song_key"].n_unique()


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue, told by its content.

    Raises
    ------
    RecsysError
        The file is empty or damaged, or lacks artist, title or every feature.
    """
    try:
        with TemporaryDirectory(prefix="recsys-") as workspace:
            frame, columns = scan_catalogue(path, Path(workspace))
            rows = _named(frame, columns).collect(engine="streaming")
        songs = rows.filter(pl.col("left_out").is_null())
        checked = refuse_impossible(songs.drop("left_out")).collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        what = str(error).partition("\n")[0]
        raise RecsysError(f"{path.name} cannot be read as a catalogue: {what}") from None
    has_any = pl.any_horizontal(pl.col(AUDIO).is_not_null())
    usable = checked.filter(has_any | pl.col(REFUSED).is_not_null())
    left_out = dict(rows.drop_nulls("left_out").group_by("left_out").len().sort("left_out").rows())
    if empty := checked.height - usable.height:
        left_out[_NO_FEATURES] = left_out.get(_NO_FEATURES, 0) + empty
    refused = usable.drop_nulls(REFUSED)
    example = ""
    if refused.height:
        artist, title, reason = refused.select("artist", "title", REFUSED).row(0)
        example = f"{artist[:60]} - {title[:60]}: {reason}"
    table = _keyed(usable, columns.between_artists)
    return Catalogue(path.name, table, rows.height, left_out, refused.height, example)


def _named(frame: pl.LazyFrame, columns: Columns) -> pl.LazyFrame:
    """Give the columns their names, and say which rows are no song."""
    named = frame.select(
        PROBLEM, *(pl.col(column).alias(name) for name, column in columns.found.items())
    )
    schema = named.collect_schema()
    if isinstance(schema["artist"], pl.List):
        named = named.with_columns(pl.col("artist").cast(pl.List(pl.String)).list.join("; "))
    spotify_id = pl.lit(None, pl.String)
    if "spotify_id" in schema.names():
        text = pl.col("spotify_id").cast(pl.String, strict=False)
        spotify_id = text.str.extract(PATTERN)
    unknown = [name for name in FEATURES if schema.get(name) == pl.String]
    named = named.with_columns(
        pl.col("artist", "title").cast(pl.String),
        spotify_id.alias("spotify_id"),
        *(_known(name) for name in unknown),
    )
    return named.with_columns(_reason(columns).alias("left_out")).drop(PROBLEM)


def _known(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(~text.str.to_lowercase().is_in(_NO_VALUE)).then(text).alias(name)


def _reason(columns: Columns) -> pl.Expr:
    """Why a row is no song, or null."""

    def missing(name: str) -> pl.Expr:
        return pl.col(name).str.strip_chars().fill_null("") == ""

    broken = pl.any_horizontal(pl.col("artist", "title").str.contains("\ufffd", literal=True))
    short = pl.lit(columns.exportify) & (pl.col(PROBLEM) == TOO_FEW_FIELDS)
    return (
        pl.when(short)
        .then(pl.lit(_NO_FEATURES))
        .when(pl.col(PROBLEM).is_not_null())
        .then(PROBLEM)
        .when(broken)
        .then(pl.lit("text that is not UTF-8, or a NUL in it"))
        .when(missing("artist"))
        .then(pl.lit("no artist"))
        .when(missing("title"))
        .then(pl.lit("no title"))
    )


def _keyed(songs: pl.DataFrame, between_artists: str) -> pl.DataFrame:
    """Key each song by all the artists named and, where there are several, by the first."""
    artists = (
        pl.col("artist")
        .str.replace_all(r"""^\[['"]?|['"]?\]$""", "")
        .str.replace_all(r"""['"], ['"]""", "; ")
        .str.replace_all(*_COMMA_IN_NAME, literal=True)
    )
    first = artists.str.replace(rf"(?:{between_artists}).*$", "")
    first = first.str.replace_all(_COMMA_IN_NAME[1], ",", literal=True)
    whole = pl.col("artist").str.replace_all(_COMMA_IN_NAME[0], ",", literal=True)
    by_all = songs.with_columns(whole, pl.lit(0).alias("rank"))
    by_first = songs.filter((first != whole) & (first != "")).with_columns(
        first.alias("artist"), pl.lit(1).alias("rank")
    )
    rows = with_song_keys(pl.concat([by_all, by_first]))
    return rows.select("song_key", "artist", "title", "spotify_id", *FEATURES, REFUSED, "rank")
