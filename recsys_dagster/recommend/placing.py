"""The song map as a release holds it: where each song lies."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

_NAMES = ("song_ids", "points")
_SPREAD = 2_654_435_761
"""Odd, near 2³² over the golden ratio (Knuth 6.4): its multiples are spread over all numbers."""


@dataclass(frozen=True)
class Places:
    """Songs in the plane. What its axes mean is in the evaluation of the same release.

    Attributes
    ----------
    song_ids
        Ascending, shape (m,) int32.
    points
        x and y, shape (m, 2) float32.
    """

    song_ids: NDArray[np.int32]
    points: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.song_ids)

    @classmethod
    def of(cls, table: pl.DataFrame) -> "Places":
        """From the table song_id, x, y."""
        ordered = table.sort("song_id")
        points = ordered.select("x", "y").to_numpy().astype(np.float32)
        return cls(ordered["song_id"].cast(pl.Int32).to_numpy(), np.ascontiguousarray(points))

    def save(self, directory: Path) -> None:
        """Write the arrays into a directory that exists."""
        for name in _NAMES:
            np.save(directory / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, directory: Path) -> "Places":
        """Open what `save` wrote, memory-mapped."""
        arrays = (
            np.load(directory / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _NAMES
        )
        return cls(*arrays)

    def rows(self, song_ids: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Rows of songs, ascending; songs that are not on the map have none."""
        wanted = np.unique(np.asarray(song_ids, dtype=np.int64))
        rows = np.searchsorted(self.song_ids, wanted)
        inside = rows < len(self)
        rows, wanted = rows[inside], wanted[inside]
        return np.asarray(rows[self.song_ids[rows] == wanted], dtype=np.int64)

    def sample(self, most: int, always: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Rows of at most about `most` songs, ascending: the same songs each time.

        Which songs they are depends on their ids alone, so a map that grows keeps its sample.
        Songs of `always` come on top.
        """
        if len(self) <= most:
            return np.arange(len(self))
        return np.union1d(self._spread[:most], self.rows(always))

    @cached_property
    def _spread(self) -> NDArray[np.int64]:
        """All rows, in an order that has nothing to do with where songs lie."""
        mixed = (self.song_ids.astype(np.uint64) * np.uint64(_SPREAD)) % np.uint64(1 << 32)
        return np.argsort(mixed, kind="stable")

    def near(self, song_id: int, n: int) -> NDArray[np.int32]:
        """The `n` songs that lie nearest to a song, nearest first, without itself."""
        here = self.rows(np.array([song_id]))
        if not len(here):
            return np.empty(0, np.int32)
        distances = ((self.points - self.points[here[0]]) ** 2).sum(axis=1)
        distances[here[0]] = np.inf
        n = min(n, len(self) - 1)
        nearest = np.argpartition(distances, n - 1)[:n] if n else np.empty(0, np.int64)
        return self.song_ids[nearest[np.lexsort((nearest, distances[nearest]))]]
