"""Who is held out and when learning stops.

Listeners are dealt into folds by a hash of their names. The models of a fold see neither its
listeners nor anything after the cut in time: its listeners are asked as the app asks a stranger.
With up to `ALL_FOLDS` listeners each fold gets models of its own, so that everybody is asked;
with more, the first fold says enough.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
ALL_FOLDS = 1_000
"""With more listeners than this, only a fifth of them is held out, and once …"""
MAX_HELD = 1_000
"""… and at the most so many."""
COLD_IN = 10
"""One song in so many is hidden from the models that are asked for cold songs."""

Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Split:
    """Interactions, and which of them are whose.

    Attributes
    ----------
    users, songs, early, late
        The pairs, shape (n,), sorted by listener: plays before and after the cut.
    fold
        Of each listener, shape (n_users,), -1 for those who are always learned from.
    group
        Of each listener, shape (n_users,), 0 to 4: what is learned from the held-out listeners
        of a group is not used on them.
    """

    users: Ints
    songs: Ints
    early: Ints
    late: Ints
    fold: Ints
    group: Ints

    @property
    def timed(self) -> bool:
        """Whether there is a cut in time; without one, late plays are none."""
        return bool((self.late > 0).any())

    @property
    def folds(self) -> int:
        """How many folds have listeners; 0 where one listener is all there is."""
        return int(self.fold.max(initial=-1)) + 1

    def held_out(self, fold: int) -> Ints:
        """The listeners of a fold, (h,)."""
        return np.flatnonzero(self.fold == fold)

    def learned(self, fold: int) -> Bools:
        """The pairs that the models of a fold learn from, (n,)."""
        return np.asarray((self.early > 0) & (self.fold[self.users] != fold))

    def checked(self, fold: int) -> Bools:
        """The pairs by which training knows when to stop, (n,); none of them is learned from.

        What the same listeners played for the first time after the cut.
        """
        return np.asarray((self.early == 0) & (self.late > 0) & (self.fold[self.users] != fold))


def make_split(users: Ints, songs: Ints, plays: Ints, early: Ints, names: Sequence[str]) -> Split:
    """Deal the listeners.

    Parameters
    ----------
    users, songs, plays, early
        (n,) pairs sorted by listener, their plays, and how many of those were before the cut.
    names
        Of all listeners, by their index: the same names are dealt alike.

    Returns
    -------
    Without a cut where fewer than half of the listeners have plays on both sides of it.
    """
    place = _places(names)
    if not _spans(users, plays, early, len(names)):
        early = plays
    if len(names) < 2:
        fold = np.full(len(names), -1)
    elif len(names) <= ALL_FOLDS:
        fold = place % min(FOLDS, len(names))
    else:
        fold = np.where(place < min(len(names) // FOLDS, MAX_HELD), 0, -1)
    return Split(users, songs, early, plays - early, fold, place % FOLDS)


def _spans(users: Ints, plays: Ints, early: Ints, n_users: int) -> bool:
    """Whether at least half of the listeners played something before the cut and after it.

    Histories of different years have no cut in common: most listeners would have nothing to
    reveal or nothing to be found.
    """
    both = np.isin(np.arange(n_users), users[early > 0])
    both &= np.isin(np.arange(n_users), users[plays > early])
    return bool(2 * both.sum() >= n_users)


def _places(names: Sequence[str]) -> Ints:
    """The place of each name in the order of their hashes."""
    order = np.argsort([hashed(name) for name in names], kind="stable")
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return place


def hashed(name: str) -> int:
    """A number from 0 to 2^48 - 1 that depends on the name alone."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6])


def hide(keys: Sequence[str]) -> Bools:
    """The songs that are cold in the task of cold songs, by a hash of their keys, (n_songs,)."""
    return np.array([hashed(key) % COLD_IN == 0 for key in keys], dtype=bool)
