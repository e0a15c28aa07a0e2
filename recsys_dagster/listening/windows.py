"""The cut in time: what was played before it is learned from, what came later has to be found."""

from datetime import datetime, timedelta

import polars as pl

EARLY_SHARE = 0.7
"""Of the listens with a time, what share at least lies before the cut."""
TIMED_SHARE = 0.5
"""Unless more than this share of the listens has a time, a cut would say little: there is none."""


def find_cut(listens: pl.LazyFrame) -> datetime | None:
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
    played = listens.filter(~pl.col("burst"))
    by_day = played.group_by(pl.col("listened_at").dt.date().alias("day")).agg(pl.len())
    counts = by_day.collect(engine="streaming")
    timed = counts.filter(pl.col("day").is_not_null()).sort("day")
    heard = int(timed["len"].sum())
    if heard <= TIMED_SHARE * int(counts["len"].sum()):
        return None
    reached = timed.filter(pl.col("len").cum_sum() >= EARLY_SHARE * heard)
    if reached.height < 2:  # the day that reaches it is the last one
        return None
    midnight = pl.Series([reached["day"][0] + timedelta(days=1)]).cast(pl.Datetime("us", "UTC"))
    return midnight[0]  # type: ignore[no-any-return]
