"""When people listen: sessions through two fixed years."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from recsys_dagster.demo.draw import Floats, Ints

FIRST_DAY = date(2024, 1, 1)
DAYS = (date(2025, 12, 31) - FIRST_DAY).days + 1
MINUTES = DAYS * 24 * 60
SHORTEST, LONGEST = 3, 20
PAUSE = 21
"""Least minutes between the last song of a session and the first of the next."""

WEEKDAY_HOURS = (3, 1, 1, 1, 1, 2, 5, 9, 10, 8, 7, 7, 8, 7, 7, 7, 8, 11, 13, 14, 15, 14, 11, 6)
WEEKEND_HOURS = (
    8,
    6,
    4,
    2,
    1,
    1,
    2,
    3,
    5,
    9,
    12,
    13,
    12,
    12,
    12,
    12,
    12,
    12,
    13,
    14,
    15,
    15,
    14,
    12,
)


@dataclass(frozen=True)
class Sessions:
    """The sessions of some listeners, in the order of listener and time.

    Attributes
    ----------
    owner
        Shape (sessions,): the row of the listener.
    sizes
        Shape (sessions,): how many songs.
    minutes
        Shape (listens,): when each song began, in minutes since `FIRST_DAY`.
    """

    owner: Ints
    sizes: Ints
    minutes: Ints


def make_sessions(counts: Ints, rng: np.random.Generator) -> Sessions:
    """Cut each listener's listens into sessions and put them into the calendar.

    Parameters
    ----------
    counts
        Shape (listeners,): how many listens each has.
    rng
        Source of chance.
    """
    sizes, owner = _cut(counts, rng)
    gaps = rng.integers(3, 6, sizes.sum())
    elapsed = np.cumsum(gaps) - gaps
    first = np.cumsum(sizes) - sizes
    length = np.add.reduceat(gaps, first) + PAUSE
    start = _without_overlap(_wished_starts(owner, rng), length, owner)
    minutes = np.repeat(start - elapsed[first], sizes) + elapsed
    return Sessions(owner, sizes, minutes)


def _cut(counts: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Cut the row of all listens where a session ends and where the listener changes."""
    ends = np.cumsum(counts)
    most = int(ends[-1]) // SHORTEST + 1
    drawn = np.minimum(SHORTEST + rng.geometric(0.2, most) - 1, LONGEST - 2 * (SHORTEST - 1))
    cuts = np.cumsum(drawn)
    cuts = cuts[cuts < ends[-1]]
    person = np.searchsorted(ends, cuts, side="right")
    # A cut too near to a listener's first or last listen would leave a stump of a session.
    roomy = (cuts - (ends - counts)[person] >= SHORTEST) & (ends[person] - cuts >= SHORTEST)
    cuts = np.sort(np.concatenate(([0], cuts[roomy], ends)))
    return np.diff(cuts), np.searchsorted(ends, cuts[:-1], side="right")


def _wished_starts(owner: Ints, rng: np.random.Generator) -> Ints:
    """Draw starts by hour and weekday, ascending for each listener."""
    total = np.cumsum(_hour_weights())
    hour = np.searchsorted(total, rng.random(len(owner)) * total[-1], side="right")
    minute = np.minimum(hour, DAYS * 24 - 1) * 60 + rng.integers(0, 60, len(owner))
    return np.sort(owner * MINUTES + minute) - owner * MINUTES


def _hour_weights() -> Floats:
    days = [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]
    hours = [WEEKEND_HOURS if day.weekday() >= 5 else WEEKDAY_HOURS for day in days]
    return np.array(hours, dtype=np.float64).ravel()


def _without_overlap(start: Ints, length: Ints, owner: Ints) -> Ints:
    """Move sessions later until none overlaps, then earlier until the last ends in time."""
    far = 10 * MINUTES
    before = np.cumsum(length) - length
    later = np.maximum.accumulate(start + owner * far - before) + before - owner * far
    listeners = int(owner[-1]) + 1
    total_by_owner = np.bincount(owner, weights=length, minlength=listeners).astype(np.int64)
    until_the_end = np.cumsum(total_by_owner)[owner] - before
    placed: Ints = np.minimum(later, MINUTES - until_the_end)
    return placed
