"""`ItemKnn` looked into by compiled loops: for batches, which have the time to compile them."""

import threading

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import (
    Float32Array,
    Float64Array,
    Int32Array,
    IntArray,
    check_indices,
    checked_seeds,
)
from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.svd.vectors import compiled

Ids = NDArray[np.integer]


class _Scratch:
    """Arrays over all items that a thread keeps, so that a query touches what it finds alone.

    Between queries `sums` is 0, and `places` -1, everywhere.
    """

    def __init__(self, n_items: int) -> None:
        self.sums = np.zeros(n_items)
        self.places = np.full(n_items, -1, np.int32)


_OF_THREAD = threading.local()


def _scratch(n_items: int) -> _Scratch:
    kept: _Scratch | None = getattr(_OF_THREAD, "scratch", None)
    if kept is None or len(kept.sums) != n_items:
        kept = _OF_THREAD.scratch = _Scratch(n_items)
    return kept


class CompiledItemKnn(ItemKnn):
    """Answers as `ItemKnn` does, but for rounding in the last place."""

    @classmethod
    def of(cls, model: ItemKnn) -> "CompiledItemKnn":
        """The same neighbours; arrays are shared."""
        return cls(np.asarray(model.ids), np.asarray(model.weights), model.config)

    def found(
        self, seeds: Ids, weights: Float32Array | None = None
    ) -> tuple[IntArray, Float32Array]:
        """See `ItemKnn.found`."""
        seeds, counted = checked_seeds(seeds, weights, len(self))
        scratch, met = _scratch(len(self)), np.empty(len(seeds) * self.ids.shape[1], np.int32)
        arrays = self.ids, self.weights
        met = met[: _sum(*arrays, seeds, counted, scratch.sums, scratch.places, met)]
        met.sort()
        scores = scratch.sums[met].astype(np.float32)
        scratch.sums[met], scratch.places[met] = 0, -1
        return met.astype(np.int64), scores

    def contributions(
        self, seeds: Ids, items: Ids, weights: Float32Array | None = None
    ) -> Float32Array:
        """See `ItemKnn.contributions`."""
        seeds, counted = checked_seeds(seeds, weights, len(self))
        check_indices("items", items, len(self))
        asked, rows = np.unique(items, return_inverse=True)
        places = _scratch(len(self)).places
        places[asked] = np.arange(len(asked))
        parts = np.zeros((len(asked), len(seeds)), np.float32)
        _place(self.ids, self.weights, seeds, counted, places, parts)
        places[asked] = -1
        return parts if len(asked) == len(items) and (asked == items).all() else parts[rows]


@compiled
def _sum(
    ids: Int32Array,
    weights: Float32Array,
    seeds: IntArray,
    counted: Float32Array,
    sums: Float64Array,
    places: Int32Array,
    met: Int32Array,
) -> int:
    """Add up, for each item, the weights of the seeds that it is near to; how many items were met.

    Of those `places` is no longer -1, and they are the first of `met`.
    """
    count = 0
    for place in range(len(seeds)):
        seed, share = seeds[place], counted[place]
        for rank in range(ids.shape[1]):
            item = ids[seed, rank]
            if item < 0:
                break
            sums[item] += np.float64(np.float32(weights[seed, rank] * share))
            if places[item] < 0:
                places[item] = count
                met[count] = item
                count += 1
    return count


@compiled
def _place(
    ids: Int32Array,
    weights: Float32Array,
    seeds: IntArray,
    counted: Float32Array,
    places: Int32Array,
    parts: Float32Array,
) -> None:
    """Put the weight of each seed where the items that are asked for have their rows."""
    for column in range(len(seeds)):
        seed, count = seeds[column], counted[column]
        for rank in range(ids.shape[1]):
            item = ids[seed, rank]
            if item < 0:
                break
            if places[item] >= 0:
                parts[places[item], column] = weights[seed, rank] * count
