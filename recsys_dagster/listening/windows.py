"""Listens by time: how many each month has, and the cut.

What was played before the cut in time is learned from, what came later has to be found.
"""

from datetime import datetime, timedelta

import narwhals as nw
import polars as pl
from narwhals.typing import IntoLazyFrame

from recsys_dagster.frames import collect, frame

EARLY_SHARE = 0.7
"""Of the listens with a time, what share at least lies before the cut."""
TIMED_SHARE = 0.5
"""Unless more than this share of the listens has a time, a cut would say little: there is none."""


def find_cut(listens: IntoLazyFrame) -> datetime | None:
    """The first midnight (UTC) before which `EARLY_SHARE` of the listens were.

    One moment for all listeners, so that nothing is learned from what nobody could have known.

    Parameters
    ----------
    listens
        Has `listened_at`, and `burst`: repeats that cannot have been played do not count.

    Returns
    -------
    None where too few listens have a time, or none would lie after the cut.
    """
    played = frame(listens).filter(~nw.col("burst"))
    day = nw.col("listened_at").dt.date()
    counts = collect(played.select(day=day).group_by("day").agg(nw.len().alias("len")))
    timed = counts.filter(pl.col("day").is_not_null()).sort("day")
    heard = int(timed["len"].sum())
    if heard <= TIMED_SHARE * int(counts["len"].sum()):
        return None
    reached = timed.filter(pl.col("len").cum_sum() >= EARLY_SHARE * heard)
    if reached.height < 2:  # the day that reaches it is the last one
        return None
    midnight = pl.Series([reached["day"][0] + timedelta(days=1)]).cast(pl.Datetime("us", "UTC"))
    return midnight[0]  # type: ignore[no-any-return]


def by_month(listens: IntoLazyFrame) -> dict[str, int]:
    """How many listens each month has, as `2024-05`, oldest first; those without a time in none."""
    month = nw.col("listened_at").dt.to_string("%Y-%m")
    counts = collect(frame(listens).select(month=month).group_by("month").agg(nw.len().alias("n")))
    return dict(counts.drop_nulls("month").sort("month").select("month", "n").iter_rows())


def count_users(listens: IntoLazyFrame) -> int:
    """How many listeners there are."""
    return int(collect(frame(listens).select(nw.col("user").n_unique())).item())
