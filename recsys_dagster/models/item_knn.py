"""Item-item neighbours by shrunk cosine: songs that are played by the same listeners.

`fit` needs Numba; what it gives serves with NumPy alone, from arrays that are memory-mapped.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import (
    BoolArray,
    Float32Array,
    Float64Array,
    Int32Array,
    IntArray,
    check_indices,
    check_pairs,
    check_shape,
    checked_seeds,
    load_array,
    load_settings,
    save_arrays,
)

NOBODY = -1
"""Stands where an item has fewer than N neighbours, or no row."""
_ROWS = "rows"


@dataclass(frozen=True)
class ItemKnnConfig:
    """How neighbours are found.

    Parameters
    ----------
    neighbours
        N, how many are kept for each item; at least 1.
    shrinkage
        h, at least 0: added to the denominator of the cosine, so that two songs with one common
        listener are not as near as two with a hundred.
    play_exponent
        e, from 0 up: a listen counts g = log(1 + plays)^e, scaled to a mean of 1.
    most_items
        Of each listener, the most played items that are looked at; at least 2. The work grows
        with its square, and a listener of everything says little. Of items played as often, those
        with more listeners are looked at, then those with the lower id.
    most_steps
        How much work Σ_u min(n_u, most_items)² may be, n_u being a listener's number of items; at
        least 1. Above it, `most_items` is lowered until it is not.

    Raises
    ------
    RecsysError
        When a setting lies outside its range.
    """

    neighbours: int = 200
    shrinkage: float = 20.0
    play_exponent: float = 0.5
    most_items: int = 1000
    most_steps: int = 10_000_000_000

    def __post_init__(self) -> None:
        for name, lowest in (("neighbours", 1), ("most_items", 2), ("most_steps", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < lowest:
                raise RecsysError(f"{name} must be a whole number from {lowest} up; got {value}.")
        for name in ("shrinkage", "play_exponent"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise RecsysError(f"{name} must be a number from 0 up; got {value}.")


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near some items are to the seeds, (n,) each.

    Attributes
    ----------
    mean, highest
        Of what each seed added to an item's score, float32.
    share
        Of the seeds that added anything, float64.
    """

    mean: Float32Array
    highest: Float32Array
    share: Float64Array


@dataclass(frozen=True)
class ItemKnn:
    """w_ij = Σ_u g_ui g_uj / (|g_i| |g_j| + h), kept for the N items j nearest to each i.

    Deshpande and Karypis 2004, "Item-based top-N recommendation algorithms"; the shrinkage is
    that of Bell and Koren 2007, "Scalable collaborative filtering with jointly derived
    neighborhood interpolation weights". A listener's score of an item is the sum of w over the
    songs that they played.

    Nothing of items by items is made: what a fit takes beside the pairs and the result was 0.3 GB
    for a million items with 19 million pairs. The time grows with the sum of the squares of the
    listeners' numbers of items, limited by `ItemKnnConfig.most_steps`. On two cores, 200,000 items
    with 3.8 million pairs took 7 s and that million 58 s.

    Attributes
    ----------
    ids
        (r, N) int32, the neighbours of an item in each row, the nearest first, of equals the lower
        id; `NOBODY` after the last one.
    weights
        (r, N) float32, w; 0 after the last one.
    config
        How they were found.
    rows
        (n_items,) int32, the row of each item, `NOBODY` for those that cannot be seeds; `None`
        where each item has the row of its own number.
    """

    ids: Int32Array
    weights: Float32Array
    config: ItemKnnConfig
    rows: Int32Array | None = None

    def __len__(self) -> int:
        return len(self.ids if self.rows is None else self.rows)

    @classmethod
    def fit(
        cls,
        users: NDArray[np.integer[Any]],
        items: NDArray[np.integer[Any]],
        plays: NDArray[Any],
        *,
        n_users: int,
        n_items: int,
        config: ItemKnnConfig | None = None,
        seeds: BoolArray | None = None,
        threads: int = 2,
    ) -> "ItemKnn":
        """Find the neighbours of each item, or of those that will be asked for.

        Parameters
        ----------
        users, items, plays
            (n,) each, one entry for each listener and item.
        config
            By default `ItemKnnConfig()`.
        seeds
            (n_items,) which items can be seeds; by default all.
        threads
            How many work side by side; the result does not depend on it.

        Raises
        ------
        RecsysError
            When indices lie outside the matrix, or the arrays differ in length.
        """
        # Numba, which serving does without.
        from recsys_dagster.models.item_counting import nearest

        check_pairs(users, items, plays, n_users, n_items)
        config = config or ItemKnnConfig()
        if seeds is not None and len(seeds) != n_items:
            raise RecsysError(f"got {len(seeds)} marks of seeds for {n_items} items.")
        wanted = np.arange(n_items) if seeds is None else np.flatnonzero(seeds)
        ids, weights = nearest(users, items, plays, (n_users, n_items), wanted, config, threads)
        rows = None
        if seeds is not None:
            rows = np.where(seeds, np.cumsum(seeds) - 1, NOBODY).astype(np.int32)
        return cls(ids, weights, config, rows)

    def found(
        self, seeds: NDArray[np.integer[Any]], weights: Float32Array | None = None
    ) -> tuple[IntArray, Float32Array]:
        """The items that are a neighbour of any seed, ascending, and their scores; (n,) each.

        Parameters
        ----------
        seeds
            (s,) items.
        weights
            (s,) how much each counts; by default 1.

        Raises
        ------
        RecsysError
            When a seed lies outside the catalogue or cannot be one, or weights and seeds differ in
            number.
        """
        seeds, counted = self._rows(seeds, weights)
        ids, added = self.ids[seeds].ravel(), (self.weights[seeds] * counted[:, None]).ravel()
        # Sorting numbers is many times as fast as finding their order: the order is packed in.
        packed = ids.astype(np.int64) << 32 | np.arange(len(ids))
        packed.sort()
        items = packed >> 32
        # Nobody is the lowest, so before the first start: it is in no sum.
        starts = np.flatnonzero(np.diff(items, prepend=NOBODY))
        added = added[packed & 0xFFFFFFFF].astype(np.float64)
        return items[starts], np.add.reduceat(added, starts).astype(np.float32)

    def scores(
        self, seeds: NDArray[np.integer[Any]], weights: Float32Array | None = None
    ) -> Float32Array:
        """The scores of all items, (n_items,) float32, 0 for those that no seed is near to.

        See `found` for parameters and errors.
        """
        scores = np.zeros(len(self), np.float32)
        items, found = self.found(seeds, weights)
        scores[items] = found
        return scores

    def contributions(
        self,
        seeds: NDArray[np.integer[Any]],
        items: NDArray[np.integer[Any]],
        weights: Float32Array | None = None,
    ) -> Float32Array:
        """What each seed added to the scores of (n,) items, as (n, s) float32; see `found`."""
        seeds, counted = self._rows(seeds, weights)
        check_indices("items", items, len(self))
        asked, rows = np.unique(items, return_inverse=True)
        ids = self.ids[seeds]
        places = np.searchsorted(asked, ids)
        columns, ranks = np.nonzero(np.append(asked, NOBODY)[places] == ids)
        parts = np.zeros((len(asked) + 1, len(seeds)), np.float32)
        near = self.weights[seeds[columns], ranks] * counted[columns]
        parts[places[columns, ranks], columns] = near
        return parts[rows]

    def nearness(
        self,
        seeds: NDArray[np.integer[Any]],
        items: NDArray[np.integer[Any]],
        weights: Float32Array | None = None,
    ) -> "Nearness":
        """What there is to say of the `contributions` of one seed or more to (n,) items."""
        near = self.contributions(seeds, items, weights)
        return Nearness(near.mean(axis=1), near.max(axis=1), (near > 0).mean(axis=1))

    def _rows(
        self, seeds: NDArray[np.integer[Any]], weights: Float32Array | None
    ) -> tuple[IntArray, Float32Array]:
        """The rows of seeds, and how much each counts."""
        seeds, counted = checked_seeds(seeds, weights, len(self))
        if self.rows is None:
            return seeds, counted
        rows = self.rows[seeds].astype(np.int64)
        if (rows < 0).any():
            raise RecsysError(f"item {seeds[rows < 0][0]} is none of the seeds of this model.")
        return rows, counted

    def save(self, directory: Path) -> None:
        """Write it into a directory that exists: one `.npy` an array, JSON for the settings."""
        arrays = {"ids": self.ids, "weights": self.weights}
        rows = {} if self.rows is None else {_ROWS: self.rows}
        save_arrays(directory, {**arrays, **rows}, asdict(self.config))

    @classmethod
    def load(cls, directory: Path, *, mmap: bool = True) -> "ItemKnn":
        """Read what `save` wrote, memory-mapped and read-only unless `mmap` is False.

        Raises
        ------
        RecsysError
            When a file is missing, broken, or does not fit the others.
        """
        ids = load_array(directory, "ids", np.int32, 2, mmap=mmap)
        weights = load_array(directory, "weights", np.float32, 2, mmap=mmap)
        check_shape(directory, "weights", weights.shape, ids.shape)
        settings = load_settings(directory)
        names = sorted(asdict(ItemKnnConfig()))
        check_shape(directory, "model.json", sorted(settings), names)
        kept = (directory / f"{_ROWS}.npy").exists()
        rows = load_array(directory, _ROWS, np.int32, 1, mmap=mmap) if kept else None
        if rows is not None:  # compiled loops trust them
            span = int(rows.min(initial=NOBODY)), int(rows.max(initial=NOBODY)) + 1
            check_shape(directory, _ROWS, span, (NOBODY, len(ids)))
        return cls(ids, weights, ItemKnnConfig(**settings), rows)
