"""`ItemKnn` looked into by compiled loops: for batches, which have the time to compile them."""

import threading

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import (
    BoolArray,
    Float32Array,
    Float64Array,
    Int32Array,
    IntArray,
    check_indices,
)
from recsys_dagster.models.best import (
    Keys,
    key_of,
    no_keys,
    read_keys,
    replace_lowest,
    score_of,
)
from recsys_dagster.models.item_knn import ItemKnn, Nearness
from recsys_dagster.models.svd.vectors import compiled, fetch

Ids = NDArray[np.integer]
_AHEAD = 16
"""How many neighbours ahead sums are fetched; at random places memory would be waited for."""
_MARKS = 1 << 15
"""Whether an item may be asked for is looked up by its last bits first: so few marks stay near."""


class _Scratch:
    """Arrays over all items that a thread keeps, so that a query touches what it finds alone.

    Between queries `sums` is NaN, `places` -1 and `marks` False everywhere.
    """

    def __init__(self, n_items: int) -> None:
        self.sums = np.full(n_items, np.nan)
        self.places = np.full(n_items, -1, np.int32)
        self.marks = np.zeros(_MARKS, dtype=bool)


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
        return cls(np.asarray(model.ids), np.asarray(model.weights), model.config, model.rows)

    def found(
        self, seeds: Ids, weights: Float32Array | None = None
    ) -> tuple[IntArray, Float32Array]:
        """See `ItemKnn.found`."""
        met, sums = self._met(seeds, weights)
        met.sort()
        scores = sums[met].astype(np.float32)
        sums[met] = np.nan
        return met.astype(np.int64), scores

    def best(
        self,
        seeds: Ids,
        weights: Float32Array | None,
        among: tuple[BoolArray, IntArray],
        n: int,
    ) -> tuple[IntArray, Float32Array]:
        """The `n` items with the highest scores of `found`, of equals the lower item first.

        Items and scores, (n,) each; fewer where no more were found.

        Parameters
        ----------
        among
            (n_items,) which items may come back, and items that may not come back all the same.
        """
        met, sums = self._met(seeds, weights)
        keys = no_keys(1, n)
        _keep(met, sums, among[0], among[1], keys[0])
        (ids,), (scores,) = read_keys(keys)
        there = ids >= 0
        return ids[there], scores[there]

    def _met(self, seeds: Ids, weights: Float32Array | None) -> tuple[Int32Array, Float64Array]:
        """The items that any seed is near to, and what to add up to NaN again: all sums."""
        seeds, counted = self._rows(seeds, weights)
        sums = _scratch(len(self)).sums
        met = np.empty(len(seeds) * self.ids.shape[1] + 1, np.int32)
        return met[: _sum(self.ids, self.weights, seeds, counted, sums, met)], sums

    def nearness(self, seeds: Ids, items: Ids, weights: Float32Array | None = None) -> Nearness:
        """See `ItemKnn.nearness`."""
        counted = self._rows(seeds, weights)
        check_indices("items", items, len(self))
        scratch = _scratch(len(self))
        n, bits = len(items), items & (_MARKS - 1)
        scratch.places[items] = np.arange(n)
        rows = scratch.places[items]  # of an item that is asked for twice, the last place
        scratch.marks[bits] = True
        total, highest, near = np.zeros(n), np.zeros(n, np.float32), np.zeros(n, np.int64)
        _add_up(self.ids, self.weights, *counted, scratch.places, scratch.marks,
                total, highest, near)  # fmt: skip
        scratch.places[items], scratch.marks[bits] = -1, False
        mean = (total / len(seeds)).astype(np.float32)
        return Nearness(mean[rows], highest[rows], near[rows] / len(seeds))


@compiled
def _sum(
    ids: Int32Array,
    weights: Float32Array,
    seeds: IntArray,
    counted: Float32Array,
    sums: Float64Array,
    met: Int32Array,
) -> int:
    """Add up, for each item, the weights of the seeds that it is near to; how many items were met.

    Of those the sum is no longer NaN, and they are the first of `met`.
    """
    count, width = 0, ids.shape[1]
    for place in range(len(seeds)):
        seed, share = seeds[place], counted[place]
        for rank in range(width):
            item = ids[seed, rank]
            if item < 0:
                break
            if rank + _AHEAD < width:
                fetch(sums, max(ids[seed, rank + _AHEAD], 0), 1)
            added = np.float64(np.float32(weights[seed, rank] * share))
            before = sums[item]
            # Without a branch, as it could not be foretold: the next item takes this one's place.
            met[count] = item
            count += np.isnan(before)
            sums[item] = added if np.isnan(before) else before + added
    return count


@compiled
def _keep(
    met: Int32Array, sums: Float64Array, available: BoolArray, unwanted: IntArray, heap: Keys
) -> None:
    """Let the sums of items that may come back into a heap; all are NaN again."""
    for place in range(len(unwanted)):
        item = unwanted[place]
        if not np.isnan(sums[item]):
            sums[item] = -np.inf
    border = np.float32(-np.inf)
    for place in range(len(met)):
        if place + _AHEAD < len(met):
            fetch(sums, met[place + _AHEAD], 1)
        item = met[place]
        score = np.float32(sums[item])
        sums[item] = np.nan
        if score >= border and score > -np.inf and available[item]:
            key = key_of(score, item)
            if key > heap[0]:
                replace_lowest(heap, key)
                border = score_of(heap[0])


@compiled
def _add_up(
    ids: Int32Array,
    weights: Float32Array,
    seeds: IntArray,
    counted: Float32Array,
    places: Int32Array,
    marks: BoolArray,
    total: Float64Array,
    highest: Float32Array,
    near: IntArray,
) -> None:
    """Of the items that are asked for the sum of weights, the highest, and how many are above 0."""
    for column in range(len(seeds)):
        seed, count = seeds[column], counted[column]
        for rank in range(ids.shape[1]):
            item = ids[seed, rank]
            if item < 0:
                break
            if not marks[item & (_MARKS - 1)]:
                continue
            place = places[item]
            if place >= 0:
                weight = np.float32(weights[seed, rank] * count)
                total[place] += weight
                highest[place] = max(highest[place], weight)
                near[place] += weight > 0
