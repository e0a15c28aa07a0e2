"""The compiled loops of the ranking loss: descend, draw negatives, keep rows at length 1."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float32Array, Int32Array, IntArray
from recsys_dagster.models.svd.rows import LANES, padded_width
from recsys_dagster.models.svd.vectors import compiled, dot, exponential, fetch, inlined, pull

_LOWEST = np.float32(-1e30)


@inlined
def _draw(drawn: Int32Array, item: np.int32, table: Int32Array, state: np.uint64) -> np.uint64:
    """Write the song that was played and negatives after it; the generator's next state.

    Xorshift (Marsaglia 2003, "Xorshift RNGs"); its upper half times the range is a place.
    """
    slots = np.uint64(len(table))
    drawn[0] = item
    for turn in range(1, len(drawn)):
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        drawn[turn] = table[((state >> np.uint64(32)) * slots) >> np.uint64(32)]
    return state


@inlined
def _to_shares(shares: Float32Array, drawn: Int32Array) -> float:
    """Turn scores into their softmax, in place; the loss of the first.

    Negatives that are the song itself get next to nothing, and so do the places that fill
    `shares` up to whole vectors.
    """
    for turn in range(1, len(drawn)):
        if drawn[turn] == drawn[0]:
            shares[turn] = _LOWEST
    shares[len(drawn) :] = _LOWEST
    # Loops and not NumPy's functions, which take longer to compile than all of this.
    highest = _LOWEST
    for turn in range(len(shares)):
        highest = max(highest, shares[turn])
    for turn in range(len(shares)):
        shares[turn] -= highest
    for vector in range(len(shares) // LANES):
        exponential(shares, vector)
    whole = np.float32(0)
    for turn in range(len(shares)):
        whole += shares[turn]
    for turn in range(len(shares)):
        shares[turn] /= whole
    return float(-np.log(shares[0]))


@inlined
def _turn_user(row: Float32Array, gradient: Float32Array, strength: np.float32, k: int) -> None:
    """Move a user against the gradient, at length 1; `gradient` is spoilt."""
    square = np.float32(0)
    for column in range(k):
        gradient[column] = row[column] - strength * gradient[column]
        square += gradient[column] * gradient[column]
    # In double precision, for which no processor has an estimate that would be taken instead.
    shrink = np.float32(1 / np.sqrt(max(np.float64(square), 1e-6)))
    for column in range(k):
        row[column] = gradient[column] * shrink


@lru_cache
def descent_of(factors: int) -> Callable[..., float]:
    """Compile `descend` for a number of factors; see there.

    ``descend(cells, starts, users, items, weights, tables, log_counts, user_rows, item_rows,
    rate, sharpness, negatives, seed)`` updates the rows of every pair in turn. For a listen of
    item i by user u, negatives j_1 … j_m are drawn from the items of i's block, and the loss is
    the cross entropy of the softmax over i and them (Jean et al. 2015, "On using very large
    target vocabulary for neural machine translation", sampled softmax with the correction for
    how often an item is drawn; Wu et al. 2024, "On the effectiveness of sampled softmax loss for
    item recommendation")::

        s_j  = x·y_j / τ - log Q_j          probability_j = e^s_j / Σ e^s
        pull_j = (probability_j - [j = i]) / τ
        y_j -= rate * weight * pull_j * (x - (x·y_j) y_j)    x -= rate * weight * Σ pull_j y_j

    and every row moved is brought back to length 1, so that x·y is the cosine. A negative that
    is i itself does not count.

    Parameters of `descend`
    -----------------------
    cells, starts
        As in `squared.descent_of`.
    users, items, weights
        (n,) the listens and how much each counts.
    tables
        (blocks, slots) int32, the items of each block, each as often as it is to be drawn.
    log_counts
        (n_items,) log Q but for a constant.
    user_rows, item_rows
        As in `rows`, the factors of length 1 or 0.
    rate
        Learning rate.
    sharpness
        1 / τ.
    negatives
        m.
    seed
        Of the negatives.

    It returns the sum of the losses, each taken just before its update.
    """
    width = padded_width(factors)

    @compiled
    def descend(
        cells: IntArray,
        starts: IntArray,
        users: Int32Array,
        items: Int32Array,
        weights: Float32Array,
        tables: Int32Array,
        log_counts: Float32Array,
        user_rows: Float32Array,
        item_rows: Float32Array,
        rate: np.float32,
        sharpness: np.float32,
        negatives: int,
        seed: np.uint64,
    ) -> float:
        drawn = np.empty(negatives + 1, np.int32)
        shares = np.empty((negatives + LANES) // LANES * LANES, np.float32)
        gradient = np.empty(width, np.float32)
        state = seed | np.uint64(1)
        total = 0.0
        for cell in cells:
            for pair in range(starts[cell], starts[cell + 1]):
                user, item = users[pair], items[pair]
                state = _draw(drawn, item, tables[cell], state)
                for other in drawn:
                    fetch(item_rows, other, width)
                for turn, other in enumerate(drawn):
                    cosine = dot(item_rows, other, user_rows, user, width)
                    shares[turn] = cosine * sharpness - log_counts[other]
                total += _to_shares(shares, drawn)
                gradient[:] = 0
                strength = rate * weights[pair]
                for turn, other in enumerate(drawn):
                    force = (shares[turn] - np.float32(turn == 0)) * sharpness
                    pull(
                        item_rows, other, user_rows, user, gradient, force, strength, width, factors
                    )
                _turn_user(user_rows[user], gradient, strength, factors)
        return total

    return descend


@compiled
def to_unit_length(factors: Float32Array) -> None:
    """Bring every (n, k) row that is not 0 to length 1, in place: updates drift a little."""
    for row in range(len(factors)):
        square = np.float32(0)
        for column in range(factors.shape[1]):
            square += factors[row, column] * factors[row, column]
        if square > 0:
            shrink = np.float32(1) / np.sqrt(square)
            for column in range(factors.shape[1]):
                factors[row, column] *= shrink


@compiled
def _fill_tables(
    tables: Int32Array, members: Int32Array, borders: IntArray, weights: Float32Array, offset: float
) -> None:
    slots = tables.shape[1]
    for block in range(len(tables)):
        whole = 0.0
        for position in range(borders[block], borders[block + 1]):
            whole += weights[members[position]]
        slot, reached = 0, 0.0
        for position in range(borders[block], borders[block + 1]):
            reached += weights[members[position]]
            while slot < slots and (slot + offset) * whole < reached * slots:
                tables[block, slot] = members[position]
                slot += 1
        while 0 < slot < slots:
            tables[block, slot] = tables[block, slot - 1]
            slot += 1


def tables_of_negatives(
    block_of: Int32Array, blocks: int, weights: Float32Array, slots: int, rng: np.random.Generator
) -> Int32Array:
    """The items of each block, each as often as it is to be drawn.

    Systematic sampling: an item of weight w among W has w/W of the slots, rounded up or down by
    a chance that makes it right in the mean of many tables.

    Parameters
    ----------
    block_of
        (n_items,) the block of each item.
    blocks
        How many there are.
    weights
        (n_items,) how likely each is to be drawn within its block; 0 for never.
    slots
        Length of a table.
    rng
        Source of the roundings.

    Returns
    -------
    (blocks, slots) int32; 0 all over for a block without weight.
    """
    members = np.argsort(block_of, kind="stable").astype(np.int32)
    sizes: NDArray[np.int64] = np.bincount(block_of, minlength=blocks).astype(np.int64)
    borders = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    tables = np.zeros((blocks, slots), np.int32)
    _fill_tables(tables, members, borders, weights, float(rng.random()))
    return tables
