"""What every reader ends with: which rows are listens, and why the others are not."""

import polars as pl

from recsys_dagster.files.csv_lines import BROKEN_CHARACTER, LINE, PROBLEM
from recsys_dagster.listening.formats.times import SET_SINCE
from recsys_dagster.listening.schema import EXAMPLE, LEFT_OUT, NOTE, READ_SCHEMA

NOT_TEXT = "text that is not UTF-8, or a NUL in it"
_EMAIL = r"^([^\s@]+)@[^\s@]+\.[^\s@]+$"
"""A listener that is an address: what stands before the @ is kept."""
UNSET_CLOCK = "a clock that was not set (1970)"


def judged(rows: pl.LazyFrame, source: str, *, sound: bool = False) -> pl.LazyFrame:
    """Give rows the schema that a scan has.

    Parameters
    ----------
    rows
        user, artist, title, album, ms_played, spotify_id; listened_at, the start in UTC as the
        source has it, or null; line; csv_problem, why the row is no listen, or null; note and
        example, what could not be read of it, or null.
    source
        Where the listens come from, such as "lastfm_csv".
    sound
        Whether the whole file is known to have no broken characters.
    """
    unset = pl.col("listened_at") < SET_SINCE
    return rows.select(
        pl.col("user").str.replace(_EMAIL, "$1").alias("user"),
        "artist",
        "title",
        pl.when(pl.col("album") != "").then("album").alias("album"),
        pl.when(~unset).then("listened_at").alias("listened_at"),
        "ms_played",
        pl.lit(source).alias("source"),
        "spotify_id",
        LINE,
        _reason_to_leave_out(sound=sound).alias(LEFT_OUT),
        pl.when(unset).then(pl.lit(UNSET_CLOCK)).otherwise(NOTE).alias(NOTE),
        EXAMPLE,
    ).cast(READ_SCHEMA)


def _reason_to_leave_out(*, sound: bool) -> pl.Expr:
    def missing(name: str) -> pl.Expr:
        return ~pl.col(name).str.contains(r"\S").fill_null(value=False)

    names = pl.col("user", "artist", "title")
    is_broken = pl.any_horizontal(names.str.contains(BROKEN_CHARACTER, literal=True))
    broken = pl.lit(value=False) if sound else is_broken
    return (
        pl.when(pl.col(PROBLEM).is_not_null())
        .then(PROBLEM)
        .when(broken)
        .then(pl.lit(NOT_TEXT))
        .when(missing("user"))
        .then(pl.lit("no listener"))
        .when(missing("artist"))
        .then(pl.lit("no artist"))
        .when(missing("title"))
        .then(pl.lit("no title"))
    )
