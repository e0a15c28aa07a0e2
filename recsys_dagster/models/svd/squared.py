"""The compiled loops of the squared error: descend, measure."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from recsys_dagster.models.arrays import Float32Array, Int32Array, IntArray
from recsys_dagster.models.svd.rows import padded_width
from recsys_dagster.models.svd.vectors import compiled, dot, fetch, squared_step

AHEAD = 16
"""How many pairs ahead rows are fetched; at random places memory would be waited for."""


@lru_cache
def descent_of(factors: int, *, alike: bool) -> Callable[..., float]:
    """Compile `descend` for a number of factors, and for rows that are all shrunk alike or not.

    ``descend(cells, starts, users, items, ratings, mean, user_rows, item_rows, rate,
    shrinkage)`` updates
    the rows of every pair in turn. For a pair with error e = rating - mean - x·y, both rows move
    at once (Funk 2006; Koren, Bell and Volinsky 2009, "Matrix factorization techniques for
    recommender systems")::

        x += rate * (e * y - λ_x * x)
        y += rate * (e * x - λ_y * y)

    Parameters of `descend`
    -----------------------
    cells
        (m,) the blocks to go through, in this order.
    starts
        (blocks + 1,) where the pairs of each block begin.
    users, items, ratings
        (n,) the pairs. Indices are not checked.
    mean
        μ.
    user_rows, item_rows
        (n_users, width) and (n_items, width), as in `rows`, changed in place.
    rate
        Learning rate.
    shrinkage
        λ of all rows, if they are alike; else it is in the rows.

    It returns the sum of the squared errors, each taken just before its update.
    """
    width = padded_width(factors)
    same = int(alike)

    @compiled
    def descend(
        cells: IntArray,
        starts: IntArray,
        users: Int32Array,
        items: Int32Array,
        ratings: Float32Array,
        mean: np.float32,
        user_rows: Float32Array,
        item_rows: Float32Array,
        rate: np.float32,
        shrinkage: np.float32,
    ) -> float:
        keep = np.float32(1) - rate * shrinkage
        total = 0.0
        for cell in cells:
            stop = starts[cell + 1]
            for pair in range(starts[cell], stop):
                if pair + AHEAD < stop:
                    fetch(user_rows, users[pair + AHEAD], width)
                    fetch(item_rows, items[pair + AHEAD], width)
                error = squared_step(
                    user_rows, users[pair], item_rows, items[pair],
                    ratings[pair] - mean, rate, keep, width, factors, same,
                )  # fmt: skip
                total += np.float64(error) * np.float64(error)
        return total

    return descend


@lru_cache
def error_of(factors: int) -> Callable[..., float]:
    """Compile `squared_error` for a number of factors: the sum over (n,) pairs, rows as they are.

    ``squared_error(users, items, ratings, mean, user_rows, item_rows)``; see `descent_of`.
    """
    width = padded_width(factors)

    @compiled
    def squared_error(
        users: Int32Array,
        items: Int32Array,
        ratings: Float32Array,
        mean: np.float32,
        user_rows: Float32Array,
        item_rows: Float32Array,
    ) -> float:
        total = 0.0
        pairs = len(users)
        for pair in range(pairs):
            if pair + AHEAD < pairs:
                fetch(user_rows, users[pair + AHEAD], width)
                fetch(item_rows, items[pair + AHEAD], width)
            guess = dot(user_rows, users[pair], item_rows, items[pair], width)
            error = np.float64(ratings[pair] - mean - guess)
            total += error * error
        return total

    return squared_error


def mean_squared_error(pairs: Any, mean: float, rows: Any) -> float:
    """Mean squared error of some pairs; NaN for none."""
    if not len(pairs):
        return float("nan")
    measure = error_of(rows.factors)
    arrays = (pairs.users, pairs.items, pairs.ratings)
    return measure(*arrays, np.float32(mean), rows.users, rows.items) / len(pairs)
