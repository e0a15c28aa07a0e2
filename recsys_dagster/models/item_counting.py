"""How the neighbours of `item_knn` are counted: item by item, never items by items at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import (
    BoolArray,
    Float32Array,
    Float64Array,
    Int32Array,
    IntArray,
)
from recsys_dagster.models.svd.vectors import compiled

if TYPE_CHECKING:
    from recsys_dagster.models.item_knn import ItemKnnConfig

_ITEMS_AT_ONCE = 4096
Grouped = tuple[IntArray, Int32Array, Float32Array]
"""Entries by row: where each row starts, the column of each entry and its value."""


def nearest(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    plays: NDArray[Any],
    size: tuple[int, int],
    config: "ItemKnnConfig",
    threads: int,
) -> tuple[Int32Array, Float32Array]:
    """Find the neighbours of each item; see `item_knn.ItemKnn`.

    Memory beside the pairs and the result: 9 bytes an item and thread.
    """
    kept = most_played(users, items, plays, config.most_items)
    users, items = users[kept], items[kept]
    values = listen_weights(plays[kept], config.play_exponent)
    by_item = grouped(items, users, values, size[1])
    by_user = grouped(users, items, values, size[0])
    lengths = np.sqrt(np.bincount(items, weights=values.astype(np.float64) ** 2, minlength=size[1]))
    width = max(1, min(config.neighbours, size[1] - 1))
    ids = np.full((size[1], width), -1, np.int32)
    weights = np.zeros((size[1], width), np.float32)

    def count(first: int) -> None:
        part = slice(first, first + _ITEMS_AT_ONCE)
        _count(first, *by_item, *by_user, lengths, config.shrinkage, ids[part], weights[part])

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(count, range(0, size[1], _ITEMS_AT_ONCE)))
    return ids, weights


def most_played(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    plays: NDArray[Any],
    most: int,
) -> BoolArray:
    """Which pairs are among the `most` most played ones of their listener, (n,).

    Of equals the lower item comes first.
    """
    if not len(users) or int(np.bincount(users).max()) <= most:
        return np.ones(len(users), dtype=bool)
    order = np.lexsort((items, -np.asarray(plays, dtype=np.float64), users))
    sorted_users = users[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_users, sorted_users)
    kept = np.zeros(len(users), dtype=bool)
    kept[order[rank < most]] = True
    return kept


def listen_weights(plays: NDArray[Any], exponent: float) -> Float32Array:
    """The weights g = log(1 + plays)^e, scaled to a mean of 1, as (n,) float32."""
    values = np.log1p(np.asarray(plays, dtype=np.float64)) ** exponent
    mean = float(values.mean()) if len(values) else 1.0
    return (values / (mean if mean > 0 else 1.0)).astype(np.float32)


def grouped(
    rows: NDArray[np.integer[Any]],
    columns: NDArray[np.integer[Any]],
    values: Float32Array,
    size: int,
) -> Grouped:
    """Entries by row and column."""
    order = np.lexsort((columns, rows))
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=size), out=starts[1:])
    return starts, columns[order].astype(np.int32), values[order]


@compiled
def _insert(
    ids: Int32Array, weights: Float32Array, held: int, near: int, weight: np.float32
) -> int:
    """Put a neighbour where it belongs, if it does; the number that are held then."""
    place = held
    if held == len(ids):
        place = held - 1
        if weight < weights[place] or (weight == weights[place] and near > ids[place]):
            return held
    while place > 0 and (
        weights[place - 1] < weight or (weights[place - 1] == weight and ids[place - 1] > near)
    ):
        ids[place], weights[place] = ids[place - 1], weights[place - 1]
        place -= 1
    ids[place], weights[place] = near, weight
    return min(held + 1, len(ids))


@compiled
def _count(
    first: int,
    item_starts: IntArray,
    item_users: Int32Array,
    item_values: Float32Array,
    user_starts: IntArray,
    user_items: Int32Array,
    user_values: Float32Array,
    lengths: Float64Array,
    shrinkage: float,
    ids: Int32Array,
    weights: Float32Array,
) -> None:
    """Fill ids and weights, the rows of the items from `first` on."""
    sums = np.zeros(len(lengths), np.float32)
    met = np.zeros(len(lengths), np.bool_)
    touched = np.empty(len(lengths), np.int32)
    for row in range(len(ids)):
        item = first + row
        n = 0
        for entry in range(item_starts[item], item_starts[item + 1]):
            user = item_users[entry]
            for other in range(user_starts[user], user_starts[user + 1]):
                near = user_items[other]
                if not met[near]:
                    met[near] = True
                    touched[n] = near
                    n += 1
                sums[near] += item_values[entry] * user_values[other]
        held = 0
        for place in range(n):
            near = touched[place]
            together = sums[near]
            sums[near], met[near] = 0, False
            if near == item or together <= 0:
                continue
            weight = np.float32(together / (lengths[item] * lengths[near] + shrinkage))
            held = _insert(ids[row], weights[row], held, near, weight)
