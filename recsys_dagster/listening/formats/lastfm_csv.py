"""The Kaggle-style `Last.fm_data.csv`: Username, Artist, Track, Album, Date, Time."""

from pathlib import Path

import polars as pl

from recsys_dagster.files.csv_lines import LINE, PROBLEM, column_names, scan_lines
from recsys_dagster.files.sample import Sample
from recsys_dagster.listening.schema import EXAMPLE, LEFT_OUT, LISTENS_SCHEMA, NOTE

_TIME_FORMATS = (
    "%d %b %Y %H:%M",
    "%d %b %Y %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
)
_EARLIEST_YEAR = 1969  # an unset clock west of Greenwich; below it the year has two digits
_BROKEN_CHARACTER = "\ufffd"


class LastfmCsv:
    """Reads a Last.fm history of one or many listeners.

    Dates are `31 Jan 2021` (or `2021-01-31`), times have minutes (or seconds) and often a
    leading space; both are taken as UTC. A date of 1970 says that the player's clock was not
    set: the listen is kept with no time, and so is one whose date is not understood.
    """

    name = "Last.fm CSV"
    version = 1
    columns: tuple[str, ...] = ("username", "artist", "track", "date", "time")

    def recognises(self, sample: Sample) -> bool:
        """Whether the header has the columns; their order and case do not matter."""
        return set(self.columns) <= {column.lower() for column in sample.columns}

    def scan(self, sample: Sample, workspace: Path) -> pl.LazyFrame:
        """Open a file lazily; see `HistoryFormat.scan`."""
        lines = scan_lines(sample.path, sample.columns, workspace)
        named = lines.select(LINE, PROBLEM, *_fields(sample.columns))
        text = pl.concat_str("date", "time", separator=" ", ignore_nulls=True)
        time = _parse_times(text)
        return named.select(
            "user",
            "artist",
            "title",
            pl.col("album").replace("", None),
            pl.when(time.dt.year() > 1970).then(time).alias("listened_at"),
            *_constants(),
            LINE,
            _reason_to_leave_out().alias(LEFT_OUT),
            pl.when(time.is_null())
            .then(pl.lit("a date that is not understood, expected 31 Jan 2021 or 2021-01-31"))
            .when(time.dt.year() <= 1970)
            .then(pl.lit("a clock that was not set (1970)"))
            .alias(NOTE),
            pl.when(time.is_null()).then(text.str.slice(0, 40)).alias(EXAMPLE),
        )


def _fields(columns: tuple[str, ...]) -> list[pl.Expr]:
    """Columns by their header's name; where one stands twice, the first."""
    names = [column.lower() for column in columns]
    position = column_names(len(columns))

    def field(name: str, header: str) -> pl.Expr:
        if header not in names:
            return pl.lit(None, pl.String).alias(name)
        return pl.col(position[names.index(header)]).alias(name)

    return [
        field("user", "username"),
        field("artist", "artist"),
        field("title", "track"),
        field("album", "album"),
        field("date", "date").str.strip_chars(),
        field("time", "time").str.strip_chars(),
    ]


def _constants() -> list[pl.Expr]:
    return [
        pl.lit(None, LISTENS_SCHEMA["ms_played"]).alias("ms_played"),
        pl.lit("lastfm_csv").alias("source"),
        pl.lit(None, pl.String).alias("spotify_id"),
    ]


def _parse_times(text: pl.Expr) -> pl.Expr:
    parsed = [text.str.to_datetime(form, strict=False, time_unit="us") for form in _TIME_FORMATS]
    time = pl.coalesce(parsed).dt.replace_time_zone("UTC")
    return pl.when(time.dt.year() >= _EARLIEST_YEAR).then(time)


def _reason_to_leave_out() -> pl.Expr:
    def missing(name: str) -> pl.Expr:
        return pl.col(name).str.strip_chars().fill_null("") == ""

    broken = pl.any_horizontal(
        pl.col("user", "artist", "title").str.contains(_BROKEN_CHARACTER, literal=True)
    )
    return (
        pl.when(pl.col(PROBLEM).is_not_null())
        .then(PROBLEM)
        .when(broken)
        .then(pl.lit("text that is not UTF-8, or a NUL in it"))
        .when(missing("user"))
        .then(pl.lit("no listener"))
        .when(missing("artist"))
        .then(pl.lit("no artist"))
        .when(missing("title"))
        .then(pl.lit("no title"))
    )
