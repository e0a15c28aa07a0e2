"""The pairs that `item_counting` counts: in order, cut to what a listener plays most, weighted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import BoolArray, Float32Array, Float64Array, IntArray
from recsys_dagster.models.svd.vectors import compiled

_LEAST = 1e-18
"""The least listen weight, so that no sum of products of them is 0."""

Indices = NDArray[np.uint32]
"""Unsigned, as Numba looks at each signed index whether it is counted from the end."""
Grouped = tuple[IntArray, Indices, Float32Array]
"""Entries by row: where each row starts, the column of each entry and its value."""


def by_user_and_item(
    users: NDArray[np.integer[Any]],
    items: Indices,
    plays: NDArray[Any],
    size: tuple[int, int],
    most: int,
    exponent: float,
) -> tuple[Grouped, Grouped]:
    """The listen weights of the pairs that count, by listener and by item.

    Both are in order of the other as well. Of each listener the `most` most played count, of
    equals the lower item.
    """
    order = sorted_by(items, size[1])
    order = order[sorted_by(users[order], size[0])]
    users, items, plays = users[order], items[order], plays[order]
    del order
    kept = most_played(starts_of(users, size[0]), np.asarray(plays, dtype=np.float64), most)
    users, items, values = users[kept], items[kept], listen_weights(plays[kept], exponent)
    counted = values > 0
    if not counted.all():
        users, items, values = users[counted], items[counted], values[counted]
    order = sorted_by(items, size[1])
    by_item = starts_of(items, size[1]), users[order].astype(np.uint32), values[order]
    return (starts_of(users, size[0]), items, values), by_item


def fitting(lengths: IntArray, most_items: int, most_steps: int) -> int:
    """The highest cap, 2 … `most_items`, with Σ min(length, cap)² up to `most_steps`; or 2."""
    low, high = 2, max(2, min(most_items, int(lengths.max(initial=0))))
    if _steps(lengths, high) <= most_steps:
        return max(2, most_items)
    while low < high:
        middle = (low + high + 1) // 2
        if _steps(lengths, middle) <= most_steps:
            low = middle
        else:
            high = middle - 1
    return low


def _steps(lengths: IntArray, cap: int) -> int:
    return int((np.minimum(lengths, cap).astype(np.int64) ** 2).sum())


def listen_weights(plays: NDArray[Any], exponent: float) -> Float32Array:
    """The weights g = log(1 + plays)^e, scaled to a mean of 1, as (n,) float32."""
    values = np.log1p(plays, dtype=np.float64)
    np.power(values, exponent, out=values)
    mean = float(values.mean()) if len(values) else 1.0
    values /= mean if mean > 0 else 1.0
    return np.where(values > 0, np.maximum(values, _LEAST), 0).astype(np.float32)


def starts_of(rows: NDArray[np.integer[Any]], size: int) -> IntArray:
    """Where each row starts when entries are in order of rows, (size + 1,)."""
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=size), out=starts[1:])
    return starts


def sorted_by(rows: NDArray[np.integer[Any]], size: int) -> IntArray:
    """Positions in order of rows, those of a row as they were: `argsort` without comparing."""
    return _sorted_by(rows.astype(np.uint32), starts_of(rows, size))


@compiled
def _sorted_by(rows: Indices, starts: IntArray) -> IntArray:
    order = np.empty(len(rows), np.int64)
    for entry in range(len(rows)):
        order[starts[rows[entry]]] = entry
        starts[rows[entry]] += 1
    return order


@compiled
def most_played(starts: IntArray, plays: Float64Array, most: int) -> BoolArray:
    """Which of the plays, grouped by listener, are among the `most` highest of theirs, (n,).

    Of equals the first.
    """
    kept = np.ones(len(plays), np.bool_)
    for user in range(len(starts) - 1):
        own = plays[starts[user] : starts[user + 1]]
        if len(own) <= most:
            continue
        least = np.partition(own, len(own) - most)[len(own) - most]
        equals = most - (own > least).sum()
        for place in range(len(own)):
            is_equal = own[place] == least and equals > 0
            equals -= is_equal
            kept[starts[user] + place] = own[place] > least or is_equal
    return kept
