"""Exact nearest neighbours by cosine."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import (
    BoolArray,
    Float32Array,
    Float64Array,
    IntArray,
    check_shape,
    load_array,
    load_settings,
    save_arrays,
)
from recsys_dagster.models.knn.space import FeatureSpace

Ids = Sequence[int] | NDArray[np.integer[Any]]
ROUNDING = 1e-5
# What a constant column leaves of rounding is shorter than this.
NOWHERE = 1e-6
MOST_APART = 8
"""Ids up to so many times the number of songs have a table of their positions."""
BLOCK = 1 << 14
"""Songs whose cosines fit into the processor's cache beside what they are made of."""


@dataclass(frozen=True)
class KnnIndex:
    """Songs as unit vectors; one scan over all of them answers a query, exactly.

    Meant for up to about a million songs: 3 to 6 ms there. See `Shortlist` for more.

    Attributes
    ----------
    song_ids
        (m,) int64, ascending.
    vectors
        (d, m) float32 of length 1, feature by feature: the scan then reads memory in order.
    lengths
        (m,) float32, what the vectors' lengths were in the space.
    space
        How raw features become vectors.
    """

    song_ids: IntArray
    vectors: Float32Array
    lengths: Float32Array
    space: FeatureSpace

    def __len__(self) -> int:
        return len(self.song_ids)

    @classmethod
    def build(
        cls,
        song_ids: NDArray[np.integer[Any]],
        features: Float64Array,
        columns: Sequence[str],
    ) -> "KnnIndex":
        """Fit the space on the usable songs and index them.

        Songs with fewer than `MIN_FEATURES` features are left out, and songs that are average
        in everything: a vector of zeros has no direction.

        Parameters
        ----------
        song_ids
            (n,) ids, in any order.
        features
            (n, c) float64, NaN for missing.
        columns
            c names.

        Raises
        ------
        RecsysError
            When ids and rows differ in number, an id occurs twice, or columns do not fit.
        """
        ids, first = np.unique(np.asarray(song_ids, dtype=np.int64), return_index=True)
        if len(ids) != len(song_ids) or len(song_ids) != len(features):
            raise RecsysError(
                f"got {len(song_ids)} song ids, {len(ids)} of them different, and "
                f"{len(features)} rows of features; expected one row for each different id."
            )
        rows = np.asarray(features, dtype=np.float64)[first]
        usable = FeatureSpace.fit(rows[:0], columns).usable(rows)
        ids, rows = ids[usable], rows[usable]
        space = FeatureSpace.fit(rows, columns)
        points = space.transform(rows)
        lengths = np.linalg.norm(points, axis=1)
        somewhere = lengths > NOWHERE
        units = points[somewhere] / lengths[somewhere, None]
        return cls(ids[somewhere], np.ascontiguousarray(units.T), lengths[somewhere], space)

    def positions(self, song_ids: Ids) -> IntArray:
        """Positions of songs in the index, (n,) int64; -1 for songs that it does not hold."""
        wanted = np.asarray(song_ids, dtype=np.int64).reshape(-1)
        if not len(self):
            return np.full(len(wanted), -1, dtype=np.int64)
        if self._table is not None:
            inside = (wanted >= 0) & (wanted < len(self._table))
            return np.where(inside, self._table[np.where(inside, wanted, 0)], np.int64(-1))
        places = np.minimum(np.searchsorted(self.song_ids, wanted), len(self) - 1)
        return np.where(self.song_ids[places] == wanted, places, -1)

    @cached_property
    def _table(self) -> IntArray | None:
        """The position of every id up to the highest, or -1; `None` where ids lie far apart.

        One look into memory an id, where a search takes one for each time that m can be halved.
        """
        if self.song_ids[0] < 0 or self.song_ids[-1] >= MOST_APART * len(self):
            return None
        table = np.full(int(self.song_ids[-1]) + 1, -1, np.int64)
        table[self.song_ids] = np.arange(len(self))
        return table

    def vector(self, song_ids: Ids) -> Float32Array:
        """Unit vectors of songs, (n, d) float32; NaN for songs that the index does not hold."""
        places = self.positions(song_ids)
        if not len(self):
            return np.full((len(places), len(self.vectors)), np.nan, dtype=np.float32)
        found = self.vectors.take(np.maximum(places, 0), axis=1)
        found[:, places < 0] = np.nan
        return np.ascontiguousarray(found.T)

    def query(
        self,
        vector: Float32Array,
        k: int,
        exclude: Ids = (),
        *,
        allowed: BoolArray | None = None,
        among: IntArray | None = None,
    ) -> tuple[IntArray, Float32Array]:
        """Find the k songs nearest to a vector.

        Parameters
        ----------
        vector
            (d,) of any length but 0; a vector of zeros has no neighbours.
        k
            How many songs; fewer come back when fewer exist.
        exclude
            Ids of songs to leave out; unknown ids are ignored.
        allowed
            (m,) which positions of the index may come back; by default all.
        among
            (n,) ascending positions, the only ones that are looked at; by default all.

        Returns
        -------
        (k,) int64 and (k,) float32
            Song ids and cosines, best first; of equals the lower id first.

        Raises
        ------
        RecsysError
            When the vector has the wrong length or is not finite.
        """
        direction = self._direction(vector)
        if k < 1 or not direction.any():
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        free = np.ones(len(self), dtype=bool) if allowed is None else allowed.copy()
        places = self.positions(exclude)
        free[places[places >= 0]] = False
        near = self._scan(direction, k, free) if among is None else among[free[among]]
        # The scan rounds like vectors differently in different places, which would break ties
        # by chance; adding up coordinate by coordinate rounds all alike.
        exact = np.zeros(len(near))
        for coordinate, row in zip(direction, self.vectors, strict=True):
            exact += coordinate * row[near].astype(np.float64)
        cosines = np.clip(exact, -1, 1).astype(np.float32)
        best = np.lexsort((near, -cosines))[:k]
        return self.song_ids[near[best]], cosines[best]

    def _scan(self, direction: Float64Array, k: int, free: BoolArray) -> IntArray:
        """Positions of the k nearest songs and of a few that are as near but for rounding.

        One pass, block by block: what lies below the k-th best so far is never written to memory.
        `einsum` stays on one thread, and so waits for no other where the processor is shared.
        """
        weights = direction.astype(np.float32)
        border, room = -np.inf, 2 * k
        near, cosines = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        for start in range(0, len(self), BLOCK):
            found = np.einsum("d,dm->m", weights, self.vectors[:, start : start + BLOCK])
            places = np.flatnonzero(found >= border)
            places = places[free[start + places]]
            near = np.append(near, start + places)
            cosines = np.append(cosines, found[places])
            if len(near) > room:
                border = np.partition(cosines, len(cosines) - k)[len(cosines) - k] - ROUNDING
                kept = cosines >= border
                near, cosines = near[kept], cosines[kept]
                room = 2 * len(near)
        return near

    def mean(self, seed_ids: Ids) -> Float32Array:
        """Mean of the seeds' points in the space, (d,); 0 when the index holds none of them."""
        places = self.positions(seed_ids)
        places = places[places >= 0]
        if not len(places):
            return np.zeros(len(self.vectors), dtype=np.float32)
        points = self.vectors[:, places].astype(np.float64) * self.lengths[places]
        return np.asarray(points.mean(axis=1), dtype=np.float32)

    def similarity(self, song_ids: Ids, seed_ids: Ids) -> Float32Array:
        """Cosines of (n,) songs with (s,) seeds, (n, s); NaN where the index lacks either."""
        songs, seeds = self.vector(song_ids), self.vector(seed_ids)
        cosines = np.nan_to_num(songs) @ np.nan_to_num(seeds).T
        unknown = (self.positions(song_ids) < 0)[:, None] | (self.positions(seed_ids) < 0)
        return np.where(unknown, np.float32(np.nan), cosines)

    def _direction(self, vector: Float32Array) -> Float64Array:
        values = np.asarray(vector, dtype=np.float64)
        if values.shape != (len(self.vectors),) or not np.isfinite(values).all():
            raise RecsysError(
                f"a query needs {len(self.vectors)} finite numbers; got shape {values.shape}, "
                f"{int(np.isfinite(values).sum())} finite. Take a vector of this index."
            )
        length = np.linalg.norm(values)
        return np.asarray(values / length if length > 0 else values)

    def save(self, directory: Path) -> None:
        """Write the index into a directory that exists: `.npy` arrays and a small JSON."""
        arrays = {name: getattr(self, name) for name in ("song_ids", "vectors", "lengths")}
        save_arrays(directory, arrays, self.space.to_dict())

    @classmethod
    def load(cls, directory: Path, *, mmap: bool = True) -> "KnnIndex":
        """Read what `save` wrote, memory-mapped and read-only unless `mmap` is False.

        Raises
        ------
        RecsysError
            When a file is missing, broken, or does not fit the others.
        """
        song_ids = load_array(directory, "song_ids", np.int64, 1, mmap=mmap)
        vectors = load_array(directory, "vectors", np.float32, 2, mmap=mmap)
        lengths = load_array(directory, "lengths", np.float32, 1, mmap=mmap)
        space = FeatureSpace.from_dict(load_settings(directory))
        expected = (space.dimensions, len(song_ids))
        check_shape(directory, "vectors", vectors.shape, expected)
        check_shape(directory, "lengths", len(lengths), len(song_ids))
        return cls(song_ids, vectors, lengths, space)
