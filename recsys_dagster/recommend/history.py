"""Whose listening it is: what was played how often, and when."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HOURS = 168
"""Of a week, from Monday 0:00 UTC."""
NEVER = -(2**31)
"""Stands for a listen without a time among days since 1970."""
Ids = NDArray[np.int64]
_RAGGED = ("month_starts", "months", "month_listens")
_NAMES = ("first", "last", "hours", *_RAGGED)


@dataclass(frozen=True, slots=True)
class History:
    """What one listener played, and when. All times are UTC.

    Attributes
    ----------
    songs, plays
        Song ids and play counts, most played first, shape (s,).
    first, last
        Days of the first and the last listen of each song, shape (s,) datetime64[D]; NaT where
        no listen has a time. `None`: the release does not hold times.
    hours
        Listens by weekday, Monday first, and hour, shape (7, 24).
    months, month_listens
        The months in which there were listens, ascending, shape (m,) datetime64[M]; and how many.
    """

    songs: Ids
    plays: Ids
    first: NDArray[np.datetime64] | None = None
    last: NDArray[np.datetime64] | None = None
    hours: NDArray[np.int64] | None = None
    months: NDArray[np.datetime64] | None = None
    month_listens: NDArray[np.int64] | None = None

    @property
    def timed(self) -> bool:
        """Whether it is known of any listen when it was."""
        return self.hours is not None and bool(self.hours.any())


@dataclass(frozen=True, slots=True)
class Times:
    """When the listeners of a release listened, compact enough to come with it.

    Attributes
    ----------
    first, last
        By listener and song, in the order of `Histories.songs`: days since 1970, `NEVER` where
        no listen has a time, shape (n_pairs,) int32.
    hours
        Listens by hour of the week, shape (n_users, 168) uint32.
    month_starts
        Where each listener's months begin in the other two, shape (n_users + 1,) int64.
    months, month_listens
        Months since January 1970, ascending, and listens in them, shape (k,) int32.
    """

    first: NDArray[np.int32]
    last: NDArray[np.int32]
    hours: NDArray[np.uint32]
    month_starts: NDArray[np.int64]
    months: NDArray[np.int32]
    month_listens: NDArray[np.int32]

    def save(self, directory: Path) -> None:
        """Write the arrays into a directory that exists."""
        for name in _NAMES:
            np.save(directory / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, directory: Path) -> "Times":
        """Open what `save` wrote, memory-mapped."""
        return cls(
            **{
                name: np.load(directory / f"{name}.npy", mmap_mode="r", allow_pickle=False)
                for name in _NAMES
            }
        )

    def of(self, position: int, part: slice, songs: Ids, plays: Ids, order: Ids) -> History:
        """One listener's history: the songs are those of `part`, put in an order."""
        months = slice(self.month_starts[position], self.month_starts[position + 1])
        return History(
            songs,
            plays,
            days(self.first[part][order]),
            days(self.last[part][order]),
            self.hours[position].reshape(7, 24).astype(np.int64),
            self.months[months].astype("datetime64[M]"),
            self.month_listens[months].astype(np.int64),
        )


def days(numbers: NDArray[np.integer[Any]]) -> NDArray[np.datetime64]:
    """Days since 1970 as dates; `NEVER` as NaT."""
    wide = numbers.astype(np.int64)
    return np.where(wide == NEVER, np.datetime64("NaT", "D"), wide.astype("datetime64[D]"))
