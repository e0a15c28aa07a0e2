"""How the neighbours of `item_knn` are counted: item by item, never items by items at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float32Array, Int32Array, IntArray
from recsys_dagster.models.best import Keys, no_keys, replace_lowest
from recsys_dagster.models.item_pairs import Grouped, Indices, by_user_and_item, fitting
from recsys_dagster.models.svd.vectors import compiled, fetch

if TYPE_CHECKING:
    from recsys_dagster.models.item_knn import ItemKnnConfig

_ITEMS_AT_ONCE = 4096
_AHEAD = 24
"""How many entries ahead sums are fetched; at random places memory would be waited for."""
_SUM, _LENGTH = 0, 1
"""Columns of the cells: what one item needs lies side by side, so it is fetched once."""
_BITS, _BUCKETS = 19, 4096
"""Weights are in one bucket if they differ in the last 19 bits alone, so by 6 % at most."""


def nearest(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    plays: NDArray[Any],
    size: tuple[int, int],
    wanted: IntArray,
    config: "ItemKnnConfig",
    threads: int,
) -> tuple[Int32Array, Float32Array]:
    """Find the neighbours of the (r,) wanted items, (r, N) each; see `item_knn.ItemKnn`."""
    # Numbered by listeners: the sums of the items met most lie side by side, so the cache has them.
    own = np.argsort(-np.bincount(items, minlength=size[1]), kind="stable").astype(np.uint32)
    numbers = np.empty_like(own)
    numbers[own] = np.arange(size[1], dtype=np.uint32)
    most = fitting(np.bincount(users, minlength=size[0]), config.most_items, config.most_steps)
    by_user, by_item = by_user_and_item(
        users, numbers[items], plays, size, most, config.play_exponent
    )
    lengths = _lengths(by_item)
    shrinkage = np.float32(config.shrinkage)
    width = max(1, min(config.neighbours, size[1] - 1))
    ids = np.empty((len(wanted), width), np.int32)
    weights = np.empty((len(wanted), width), np.float32)
    by_number = np.argsort(numbers[wanted])
    parts = -(-len(wanted) // _ITEMS_AT_ONCE)

    def count(part: int) -> None:
        # One of every so many, so that each part has its share of the items with most listeners.
        rows = by_number[part::parts]
        keys = no_keys(len(rows), width)
        cells = np.zeros((size[1], 2), np.float32)
        cells[:, _LENGTH] = lengths
        counted = numbers[wanted[rows]].astype(np.int64)
        _count(counted, own, *by_item, *by_user, cells, shrinkage, keys)
        ids[rows], weights[rows] = _read(keys)

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(count, range(parts)))
    return ids, weights


def _lengths(by_item: Grouped) -> Float32Array:
    starts, _, values = by_item
    items = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    squares = np.bincount(items, weights=values**2, minlength=len(starts) - 1)
    return np.sqrt(squares).astype(np.float32)


def _read(keys: Keys) -> tuple[Int32Array, Float32Array]:
    """Ids and weights of rows of keys, the nearest first.

    A key is the bits of the weight, which is above 0, and then those of the id inverted. 0 stands
    for none: it reads as weight 0 and id -1, `item_knn.NOBODY`.
    """
    keys.sort(axis=1)
    keys = keys[:, ::-1]
    ids = (~keys).astype(np.uint32).view(np.int32)
    return ids, (keys >> np.uint64(32)).astype(np.uint32).view(np.float32)


@compiled
def _count(
    rows: IntArray,
    own: Indices,
    item_starts: IntArray,
    item_users: Indices,
    item_values: Float32Array,
    user_starts: IntArray,
    user_items: Indices,
    user_values: Float32Array,
    cells: Float32Array,
    shrinkage: np.float32,
    keys: Keys,
) -> None:
    """Fill the keys of the rows' neighbours, in no order; sums are 0 before and after."""
    # One more, as `_add` and `_select` write before they know whether there is something to write.
    met, bits, near = np.empty((3, len(cells) + 1), np.uint32)
    counts = np.empty(_BUCKETS, np.int32)
    for row in range(len(rows)):
        item, n = rows[row], 0
        for entry in range(item_starts[item], item_starts[item + 1]):
            user = item_users[entry]
            listens = slice(user_starts[user], user_starts[user + 1])
            n = _add(user_items[listens], user_values[listens], item_values[entry], cells, met, n)
        cells[item, _SUM] = 0
        _weigh(met[:n], cells, cells[item, _LENGTH], shrinkage, bits, counts)
        bucket, higher = _border(counts, keys.shape[1])
        _select(met[:n], bits, own, bucket, near, keys[row], higher)


@compiled
def _add(
    items: Indices,
    values: Float32Array,
    value: np.float32,
    cells: Float32Array,
    met: Indices,
    n: int,
) -> int:
    """Add a listener's items to the sums; the number of items that are met then."""
    for place in range(len(items)):
        if place + _AHEAD < len(items):
            fetch(cells, items[place + _AHEAD], 2)
        item = items[place]
        together = cells[item, _SUM]
        # Without a branch, as it could not be foretold: the next item met takes this one's place.
        met[n] = item
        n += together == 0
        cells[item, _SUM] = together + value * values[place]
    return n


@compiled
def _weigh(
    met: Indices,
    cells: Float32Array,
    length: np.float32,
    shrinkage: np.float32,
    bits: Indices,
    counts: Int32Array,
) -> None:
    """The bits of the weights, how many are in each bucket of them, and all sums 0 again."""
    counts[:] = 0
    for place in range(len(met)):
        if place + _AHEAD < len(met):
            fetch(cells, met[place + _AHEAD], 2)
        item = met[place]
        weight = np.float32(cells[item, _SUM] / (length * cells[item, _LENGTH] + shrinkage))
        cells[item, _SUM] = 0
        bits[place] = weight.view(np.uint32)
        counts[bits[place] >> _BITS] += 1


@compiled
def _border(counts: Int32Array, n: int) -> tuple[int, int]:
    """The highest bucket that with those above it holds n, or the lowest; what is above it."""
    bucket, higher = _BUCKETS - 1, 0
    while bucket > 0 and higher + counts[bucket] < n:
        higher += counts[bucket]
        bucket -= 1
    return bucket, higher


@compiled
def _select(
    met: Indices,
    bits: Indices,
    own: Indices,
    bucket: int,
    near: Indices,
    keys: Keys,
    higher: int,
) -> None:
    """Keep those above the bucket, and the nearest of those in it for whom there is room."""
    least, held = np.uint32(max(bucket << _BITS, 1)), 0
    for place in range(len(met)):
        near[held] = place
        held += bits[place] >= least
    kept, heap = 0, keys[higher:]
    for place in near[:held]:
        weight, item = np.uint64(bits[place]), np.uint64(own[met[place]])
        key = (weight << np.uint64(32)) | (np.uint64(0xFFFFFFFF) - item)
        if bits[place] >> _BITS > bucket:
            keys[kept] = key
            kept += 1
        elif len(heap) and key > heap[0]:
            replace_lowest(heap, key)
