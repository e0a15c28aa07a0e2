"""`ItemKnn` looked into by compiled loops: for batches, which have the time to compile them."""

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
_SLOWER = 16
"""By how much more it costs to sort a neighbour than to go past an item."""


class CompiledItemKnn(ItemKnn):
    """Answers as `ItemKnn` does, but for rounding in the last place."""

    @classmethod
    def of(cls, model: ItemKnn) -> "CompiledItemKnn":
        """The same neighbours; arrays are shared."""
        return cls(np.asarray(model.ids), np.asarray(model.weights), model.config)

    def _are_few(self, seeds: Ids) -> bool:
        """Whether looking at the seeds' neighbours alone costs less than a row of all items."""
        return bool(len(seeds) * self.ids.shape[1] * _SLOWER < len(self))

    def found(
        self, seeds: Ids, weights: Float32Array | None = None
    ) -> tuple[IntArray, Float32Array]:
        """See `ItemKnn.found`."""
        if self._are_few(seeds):
            return super().found(seeds, weights)
        seeds, counted = checked_seeds(seeds, weights, len(self))
        sums, met = np.zeros(len(self)), np.zeros(len(self), bool)
        _sum(self.ids, self.weights, seeds, counted, sums, met)
        items = np.flatnonzero(met)
        return items, sums[items].astype(np.float32)

    def contributions(
        self, seeds: Ids, items: Ids, weights: Float32Array | None = None
    ) -> Float32Array:
        """See `ItemKnn.contributions`."""
        if self._are_few(seeds):
            return super().contributions(seeds, items, weights)
        seeds, counted = checked_seeds(seeds, weights, len(self))
        check_indices("items", items, len(self))
        asked, rows = np.unique(items, return_inverse=True)
        places = np.full(len(self), -1, np.int32)
        places[asked] = np.arange(len(asked))
        parts = np.zeros((len(asked), len(seeds)), np.float32)
        _place(self.ids, self.weights, seeds, counted, places, parts)
        return parts if len(asked) == len(items) and (asked == items).all() else parts[rows]


@compiled
def _sum(
    ids: Int32Array,
    weights: Float32Array,
    seeds: IntArray,
    counted: Float32Array,
    sums: Float64Array,
    met: NDArray[np.bool_],
) -> None:
    """Add up, for each item, the weights of the seeds that it is near to."""
    for place in range(len(seeds)):
        seed, count = seeds[place], counted[place]
        for rank in range(ids.shape[1]):
            item = ids[seed, rank]
            if item < 0:
                break
            sums[item] += np.float64(np.float32(weights[seed, rank] * count))
            met[item] = True


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
