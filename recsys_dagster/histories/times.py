"""When listeners listen, worked out from the tables for a release."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_dagster.recommend.history import HOURS, NEVER, Times

_AT = pl.col("listened_at")
_HOUR = (_AT.dt.weekday().cast(pl.Int32) - 1) * 24 + _AT.dt.hour()
_MONTH = (_AT.dt.year() - 1970) * 12 + _AT.dt.month() - 1


def times_of(
    listens: pl.LazyFrame, interactions: pl.LazyFrame, songs: pl.LazyFrame, users: Sequence[str]
) -> Times:
    """When each listener listened, and to which song first and last; streaming.

    Bursts and listens without a time do not count for hours and months.

    Parameters
    ----------
    listens
        user, listened_at, burst.
    interactions
        user, song_key, first_listen, last_listen.
    songs
        song_key, song_id.
    users
        All of them, sorted; the arrays are in the order of `interaction_arrays`.
    """
    timed = listens.filter(~pl.col("burst") & _AT.is_not_null())
    by_hour, by_month, pairs = pl.collect_all(
        [
            timed.group_by("user", _HOUR.alias("hour")).agg(pl.len()),
            timed.group_by("user", _MONTH.cast(pl.Int32).alias("month")).agg(pl.len()),
            interactions.select("user", "song_key", "first_listen", "last_listen")
            .join(songs.select("song_key", "song_id"), on="song_key")
            .sort("user", "song_id")
            .select("first_listen", "last_listen"),
        ],
        engine="streaming",
    )
    at = pl.DataFrame({"user": list(users)}, {"user": pl.String}).with_row_index("at")
    months = by_month.join(at, on="user").sort("at", "month")
    starts = np.searchsorted(months["at"].to_numpy(), np.arange(len(users) + 1))
    return Times(
        _days(pairs["first_listen"]),
        _days(pairs["last_listen"]),
        _hours(by_hour.join(at, on="user"), len(users)),
        starts.astype(np.int64),
        _int32(months["month"]),
        _int32(months["len"]),
    )


def _hours(counted: pl.DataFrame, users: int) -> NDArray[np.uint32]:
    hours = np.zeros((users, HOURS), np.uint32)
    hours[counted["at"].to_numpy(), counted["hour"].to_numpy()] = counted["len"].to_numpy()
    return hours


def _days(times: pl.Series) -> NDArray[np.int32]:
    return _int32(times.dt.date().cast(pl.Int32).fill_null(NEVER))


def _int32(column: pl.Series) -> NDArray[Any]:
    return column.cast(pl.Int32).to_numpy()
