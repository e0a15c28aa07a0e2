"""Feature catalogues as people have them: any CSV or Parquet with artist, title and features."""

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from recsys_dagster.audio.features import FEATURES, REFUSED, refuse_impossible
from recsys_dagster.errors import RecsysError
from recsys_dagster.files.csv_lines import PROBLEM, column_names, scan_lines
from recsys_dagster.files.sample import take_sample
from recsys_dagster.identity import song_key

_ALIASES: dict[str, tuple[str, ...]] = {
    "artist": ("artist", "artists", "artist_name", "artist_name_s", "artist_names", "track_artist"),
    "title": ("title", "track", "track_name", "name", "song", "song_name", "song_title"),
    "duration_ms": ("duration_ms", "track_duration_ms", "duration"),
}
_SEPARATORS = r"\s*[;|]\s*|,\s+"
_PARQUET = b"PAR1"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The songs of a catalogue file.

    Attributes
    ----------
    table
        song_key, `FEATURES`, refused, rank (0: by all artists named, 1: by the first of several).
        A key can stand several times.
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
        known = pl.any_horizontal(pl.col(FEATURES).is_not_null())
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
            rows = _named(_open(path, Path(workspace)), path).collect(engine="streaming")
        songs = rows.filter(pl.col("left_out").is_null())
        checked = refuse_impossible(songs.drop("left_out")).collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        what = str(error).partition("\n")[0]
        raise RecsysError(f"{path.name} cannot be read as a catalogue: {what}") from None
    has_any = pl.any_horizontal(pl.col(FEATURES).is_not_null())
    usable = checked.filter(has_any | pl.col(REFUSED).is_not_null())
    left_out = dict(rows.drop_nulls("left_out").group_by("left_out").len().sort("left_out").rows())
    if empty := checked.height - usable.height:
        left_out["no features"] = empty
    refused = usable.drop_nulls(REFUSED)
    example = ""
    if refused.height:
        artist, title, reason = refused.select("artist", "title", REFUSED).row(0)
        example = f"{artist[:60]} - {title[:60]}: {reason}"
    return Catalogue(path.name, _keyed(usable), rows.height, left_out, refused.height, example)


def _open(path: Path, workspace: Path) -> pl.LazyFrame:
    """Scan a file with its own column names and `csv_problem`."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == _PARQUET or path.suffix.lower() == ".parquet":
        return _open_parquet(path)
    sample = take_sample(path)
    _find_columns(sample.columns, path)
    lines = scan_lines(path, sample.shape, workspace)
    names = dict(zip(column_names(len(sample.columns)), sample.columns, strict=True))
    unique = {
        position: name
        for position, name in names.items()
        if name != PROBLEM and _first(position, names)
    }
    return lines.select(PROBLEM, *(pl.col(old).alias(new) for old, new in unique.items()))


def _first(position: str, names: dict[str, str]) -> bool:
    return next(other for other, name in names.items() if name == names[position]) == position


def _open_parquet(path: Path) -> pl.LazyFrame:
    if not path.stat().st_size:
        raise RecsysError(f"{path.name} is empty (0 bytes). Copy or download it again.")
    try:
        frame = pl.scan_parquet(path, glob=False)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise RecsysError(
            f"{path.name} is no Parquet file that can be read ({error}). Copy it again."
        ) from None
    return frame.with_columns(pl.lit(None, pl.String).alias(PROBLEM))


def _named(frame: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    """Give the columns their names, and say which rows are no song."""
    found = _find_columns(frame.collect_schema().names(), path)
    columns = [pl.col(column).alias(name) for name, column in found.items()]
    named = frame.select(PROBLEM, *columns)
    if isinstance(named.collect_schema()["artist"], pl.List):
        named = named.with_columns(pl.col("artist").cast(pl.List(pl.String)).list.join("; "))
    named = named.with_columns(pl.col("artist", "title").cast(pl.String))

    def missing(name: str) -> pl.Expr:
        return pl.col(name).str.strip_chars().fill_null("") == ""

    broken = pl.any_horizontal(pl.col("artist", "title").str.contains("\ufffd", literal=True))
    reason = (
        pl.when(pl.col(PROBLEM).is_not_null())
        .then(PROBLEM)
        .when(broken)
        .then(pl.lit("text that is not UTF-8, or a NUL in it"))
        .when(missing("artist"))
        .then(pl.lit("no artist"))
        .when(missing("title"))
        .then(pl.lit("no title"))
    )
    return named.with_columns(reason.alias("left_out")).drop(PROBLEM)


def _find_columns(columns: tuple[str, ...] | list[str], path: Path) -> dict[str, str]:
    """Which column of the file is the artist, the title and each feature."""
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault(re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_"), column)
    found = {}
    for name in ("artist", "title", *FEATURES):
        alias = next((one for one in _ALIASES.get(name, (name,)) if one in plain), None)
        if alias:
            found[name] = plain[alias]
    if {"artist", "title"} <= found.keys() and len(found) > 2:
        return found
    shown = ", ".join(repr(column[:40]) for column in columns[:12]) or "nothing"
    raise RecsysError(
        f"{path.name}, line 1: this is no catalogue of audio features. Found the columns {shown}; "
        "expected an artist, a title and features such as energy, valence, tempo."
    )


def _keyed(songs: pl.DataFrame) -> pl.DataFrame:
    """Key each song by all the artists named and, where there are several, by the first."""
    artist = (
        pl.col("artist")
        .str.replace_all(r"""^\[['"]?|['"]?\]$""", "")
        .str.replace_all(r"""['"], ['"]""", "; ")
    )
    first = artist.str.replace(rf"(?:{_SEPARATORS}).*$", "")
    named = songs.with_columns(
        song_key(pl.col("artist"), pl.col("title")).alias("song_key"), pl.lit(0).alias("rank")
    )
    by_first = songs.filter((first != pl.col("artist")) & (first != "")).with_columns(
        song_key(first, pl.col("title")).alias("song_key"), pl.lit(1).alias("rank")
    )
    return pl.concat([named, by_first]).select("song_key", *FEATURES, REFUSED, "rank")
