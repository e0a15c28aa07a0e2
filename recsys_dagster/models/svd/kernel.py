"""The compiled loops of the factorisation: shuffle, descend, measure.

A user's or an item's row holds everything that is learned about it, in `width` float32::

    user  [ p_1 … p_k   b_u   1    0 … 0 ]
    item  [ q_1 … q_k   1     b_i  0 … 0 ]

so one dot product gives p·q + b_u + b_i, and one loop updates factors and biases alike. Rows
are a multiple of eight float32 and begin at a cache line, so the loops are whole vector
instructions whose loads never straddle two lines. At random places in memory the loops would
wait for every row, so the rows of pairs to come are prefetched.

The result depends on the order of the pairs alone, never on threads: there is one.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.extending import intrinsic

from recsys_dagster.models.arrays import Float32Array, Int32Array

cgutils: Any = untyped_cgutils

LANES = 8
AHEAD = 16
CACHE_LINE = 64

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    # Sums may be re-associated, or no reduction becomes a vector instruction. NaN and infinity
    # must stay what they are ("nnan" and "ninf" are left out): they tell that training diverged.
    options = {"reassoc", "contract", "nsz", "arcp"}
    return cast("Function", numba.njit(cache=True, nogil=True, fastmath=options)(function))


def _prefetch_code(_context: Any, rows: Any, row: Any, column: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type = signature.args[0]
        array = context.make_array(array_type)(context, builder, arguments[0])
        indices = [
            context.cast(builder, argument, kind, types.intp)
            for argument, kind in zip(arguments[1:], signature.args[1:], strict=True)
        ]
        place = cgutils.get_item_pointer(context, builder, array_type, array, indices)
        word, byte_pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        # For writing (1), to be kept in every cache level (3), data and not instructions (1).
        arguments = [builder.bitcast(place, byte_pointer), word(1), word(3), word(1)]
        builder.call(function, arguments)
        return context.get_dummy_value()

    return types.void(rows, row, column), generate


prefetch: Any = intrinsic(_prefetch_code)


def padded_width(factors: int) -> int:
    """Length of a row of `factors` factors, a bias, a constant and padding, in float32."""
    return -(-(factors + 2) // LANES) * LANES


def zero_rows(rows: int, factors: int) -> Float32Array:
    """Rows of zeros, (rows, padded_width(factors)), that begin at a cache line."""
    width = padded_width(factors)
    size = rows * width * 4
    memory = np.zeros(size + CACHE_LINE, dtype=np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(np.float32).reshape(rows, width)


@_compiled
def shuffle(users: Int32Array, items: Int32Array, ratings: Float32Array, seed: np.uint64) -> None:
    """Shuffle the pairs in place (Fisher and Yates), with SplitMix64 as the source of chance.

    Parameters
    ----------
    users, items, ratings
        (n,) the two ends of each pair and its rating; n is below 2**32.
    seed
        The same seed gives the same order.
    """
    state = np.uint64(seed)
    for last in range(len(users) - 1, 0, -1):
        state += np.uint64(0x9E3779B97F4A7C15)
        mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        # The upper half times the range, instead of a slow remainder.
        other = np.int64(((mixed >> np.uint64(32)) * np.uint64(last + 1)) >> np.uint64(32))
        users[last], users[other] = users[other], users[last]
        items[last], items[other] = items[other], items[last]
        ratings[last], ratings[other] = ratings[other], ratings[last]


@_compiled
def _prefetch_pair(
    user_rows: Float32Array, user: np.int32, item_rows: Float32Array, item: np.int32
) -> None:
    # A row may lie in two cache lines; its ends are asked for.
    last = user_rows.shape[1] - 1
    prefetch(user_rows, user, 0)
    prefetch(user_rows, user, last)
    prefetch(item_rows, item, 0)
    prefetch(item_rows, item, last)


@_compiled
def descend(
    users: Int32Array,
    items: Int32Array,
    ratings: Float32Array,
    user_rows: Float32Array,
    item_rows: Float32Array,
    factors: int,
    learning_rate: np.float32,
    regularisation: np.float32,
) -> float:
    """Update the rows of every pair in turn.

    For a pair with error e = rating - x·y, both rows move at once (Funk 2006; Koren, Bell and
    Volinsky 2009, "Matrix factorization techniques for recommender systems")::

        x += learning_rate * (e * y - regularisation * x)
        y += learning_rate * (e * x - regularisation * y)

    Parameters
    ----------
    users, items, ratings
        (n,) the pairs, ratings less the mean. Indices are not checked.
    user_rows, item_rows
        (n_users, width) and (n_items, width), changed in place.
    factors
        k; columns k and k + 1 hold the biases and constants.
    learning_rate, regularisation
        Per update.

    Returns
    -------
    float
        Sum of the squared errors, each taken just before its update.
    """
    total = 0.0
    pairs = len(users)
    keep = np.float32(1) - learning_rate * regularisation
    for pair in range(pairs):
        if pair + AHEAD < pairs:
            _prefetch_pair(user_rows, users[pair + AHEAD], item_rows, items[pair + AHEAD])
        x = user_rows[users[pair]]
        y = item_rows[items[pair]]
        product = np.float32(0)
        for column in range(user_rows.shape[1]):
            product += x[column] * y[column]
        error = ratings[pair] - product
        total += np.float64(error) * np.float64(error)
        step = learning_rate * error
        for column in range(user_rows.shape[1]):
            x_before, y_before = x[column], y[column]
            x[column] = keep * x_before + step * y_before
            y[column] = keep * y_before + step * x_before
        # The loop runs over the constants too; putting them back is cheaper than going around.
        x[factors + 1] = np.float32(1)
        y[factors] = np.float32(1)
    return total


@_compiled
def squared_error(
    users: Int32Array,
    items: Int32Array,
    ratings: Float32Array,
    user_rows: Float32Array,
    item_rows: Float32Array,
) -> float:
    """Sum of the squared errors of (n,) pairs, with the rows as they are; see `descend`."""
    total = 0.0
    pairs = len(users)
    for pair in range(pairs):
        if pair + AHEAD < pairs:
            _prefetch_pair(user_rows, users[pair + AHEAD], item_rows, items[pair + AHEAD])
        x = user_rows[users[pair]]
        y = item_rows[items[pair]]
        product = np.float32(0)
        for column in range(user_rows.shape[1]):
            product += x[column] * y[column]
        error = np.float64(ratings[pair] - product)
        total += error * error
    return total
