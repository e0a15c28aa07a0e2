"""Pairs of listener and song as two flat arrays, and which places of lists hold them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.sources import is_among

Ints = NDArray[np.integer[Any]]
NO_SONG = -1
"""Stands in a list where it has no more songs."""
_BITS = 32


@dataclass(frozen=True)
class Pairs:
    """Songs of listeners.

    Attributes
    ----------
    rows, songs
        Whose, as a row of the lists, and which song; shape (p,) each.
    n
        How many listeners there are.
    """

    rows: Ints
    songs: Ints
    n: int

    @classmethod
    def of(cls, songs: Sequence[Ints]) -> "Pairs":
        """The pairs of an array of songs for each listener."""
        lengths = np.array([len(one) for one in songs], dtype=np.int64)
        rows = np.repeat(np.arange(len(songs)), lengths)
        return cls(rows, np.concatenate([np.empty(0, np.int64), *songs]), len(songs))

    def counts(self) -> Ints:
        """How many songs each listener has, (n,)."""
        return np.bincount(self.rows, minlength=self.n)

    def only(self, kept: NDArray[np.bool_]) -> "Pairs":
        """Some of the pairs, of the same listeners."""
        return Pairs(self.rows[kept], self.songs[kept], self.n)

    def stand_in(self, lists: Ints) -> NDArray[np.bool_]:
        """Which places of the lists, (n, k), hold a song of the list's own listener.

        >>> Pairs.of([np.array([3]), np.array([4])]).stand_in(np.array([[3, 4], [3, -1]])).tolist()
        [[True, False], [False, False]]
        """
        places = np.arange(len(lists))[:, None] << _BITS | lists  # -1 with any row is -1
        return is_among(places, self._sorted)

    @cached_property
    def _sorted(self) -> Ints:
        """Row and song of each pair in one number, ascending."""
        return np.sort(self.rows << _BITS | self.songs)
