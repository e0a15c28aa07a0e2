"""Listens by ranges of listeners, so that no step holds all listens in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

LISTENS_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Listeners:
    """Some listeners: all whose names lie between two, both included, in alphabetical order."""

    first: str
    last: str

    def among(self, listens: pl.LazyFrame) -> pl.LazyFrame:
        """The listens of these listeners; row groups that hold none are not read."""
        return listens.filter(pl.col("user").is_between(pl.lit(self.first), pl.lit(self.last)))


def count_by_listener(tables: Sequence[Path]) -> pl.DataFrame:
    """What each table holds of each listener.

    Returns
    -------
    part (position in `tables`), user, listens, untimed (listens without a time), first, last.
    """
    # One query over all of them: with thousands of small files, one each takes minutes.
    scans = [
        pl.scan_parquet(table, glob=False).select(
            pl.lit(position, pl.Int32).alias("part"), "user", "listened_at"
        )
        for position, table in enumerate(tables)
    ]
    counts = (
        pl.concat(scans)
        .group_by("part", "user")
        .agg(
            pl.len().cast(pl.Int64).alias("listens"),
            pl.col("listened_at").null_count().cast(pl.Int64).alias("untimed"),
            pl.col("listened_at").min().alias("first"),
            pl.col("listened_at").max().alias("last"),
        )
    )
    return counts.sort("part", "user").collect(engine="streaming")


def count_listeners(listens: pl.LazyFrame) -> pl.DataFrame:
    """How many listens each listener has: user, listens."""
    counts = listens.group_by("user").agg(pl.len().cast(pl.Int64).alias("listens"))
    return counts.collect(engine="streaming")


def split_by_listener(counts: pl.DataFrame) -> Iterator[Listeners]:
    """Ranges of listeners, each with about `LISTENS_AT_ONCE` listens, or one who has more.

    Parameters
    ----------
    counts
        user and listens; a user may stand in many rows.
    """
    users = counts.group_by("user").agg(pl.col("listens").sum()).sort("user")
    before = users["listens"].cum_sum() - users["listens"]
    numbered = users.with_columns((before // LISTENS_AT_ONCE).alias("range"))
    ranges = numbered.group_by("range", maintain_order=True).agg(
        pl.col("user").first().alias("first"), pl.col("user").last().alias("last")
    )
    for _, first, last in ranges.iter_rows():
        yield Listeners(first, last)
