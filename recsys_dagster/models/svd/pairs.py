"""Training pairs, and their order in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import Float32Array, Int32Array, IntArray, check_pairs
from recsys_dagster.models.svd.vectors import compiled

_PART = 1 << 20


@dataclass(frozen=True)
class Pairs:
    """(n,) users, items and ratings, log(1 + plays). Training changes their order, not their sum.

    Twelve bytes a pair; n is below 2**32.
    """

    users: Int32Array
    items: Int32Array
    ratings: Float32Array

    def __len__(self) -> int:
        return len(self.users)

    @classmethod
    def of(
        cls,
        users: NDArray[np.integer[Any]],
        items: NDArray[np.integer[Any]],
        plays: NDArray[Any],
        n_users: int,
        n_items: int,
    ) -> "Pairs":
        """Check the pairs and rate each with log(1 + plays). The arrays are copied.

        Raises
        ------
        RecsysError
            When the arrays differ in length, or an index or play count is out of range.
        """
        check_pairs(users, items, plays, n_users, n_items)
        return cls(users.astype(np.int32), items.astype(np.int32), _ratings(plays))

    def at(self, positions: IntArray | slice) -> "Pairs":
        """Return the pairs at some positions; of a slice, a view."""
        return Pairs(self.users[positions], self.items[positions], self.ratings[positions])


def _ratings(plays: NDArray[Any]) -> Float32Array:
    ratings = np.empty(len(plays), dtype=np.float32)
    # In double precision, a part at a time: all at once would be twice the pairs' own memory.
    for start in range(0, len(plays), _PART):
        counts = np.asarray(plays[start : start + _PART], dtype=np.float64)
        wrong = ~(np.isfinite(counts) & (counts >= 0))
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise RecsysError(
                f"play counts must be numbers from 0 up; got {counts[first]} at position "
                f"{start + first}, and {int(wrong.sum())} such in the {len(counts)} from "
                f"{start} on. Leave these pairs out."
            )
        ratings[start : start + _PART] = np.log1p(counts)
    return ratings


@compiled
def bring_together(
    keys: Int32Array,
    others: Int32Array,
    ratings: Float32Array,
    bucket_of: Int32Array,
    buckets: int,
) -> IntArray:
    """Bring the pairs of each bucket together, in place.

    American flag sort (McIlroy, Bostic and McIlroy 1993, "Engineering radix sort"): pairs are
    swapped into the bucket where they belong, so no second copy of them is needed.

    Parameters
    ----------
    keys, others, ratings
        (n,) one end of each pair, which decides, its other end, its rating.
    bucket_of
        The bucket of each key.
    buckets
        How many there are.

    Returns
    -------
    (buckets + 1,) int64
        Where each bucket begins; the last is n.
    """
    starts = np.zeros(buckets + 1, np.int64)
    for pair in range(len(keys)):
        starts[bucket_of[keys[pair]] + 1] += 1
    for bucket in range(buckets):
        starts[bucket + 1] += starts[bucket]
    heads = starts[:buckets].copy()
    for bucket in range(buckets):
        while heads[bucket] < starts[bucket + 1]:
            pair = heads[bucket]
            target = bucket_of[keys[pair]]
            other = heads[target]
            if target != bucket:
                keys[pair], keys[other] = keys[other], keys[pair]
                others[pair], others[other] = others[other], others[pair]
                ratings[pair], ratings[other] = ratings[other], ratings[pair]
            heads[target] += 1
    return starts


@compiled
def occurrences(keys: Int32Array, size: int) -> IntArray:
    """How often each of 0 … size - 1 occurs, (size,) int64; no copy, unlike `np.bincount`."""
    counts = np.zeros(size, np.int64)
    for key in keys:
        counts[key] += 1
    return counts


@compiled
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


def even_borders(counts: IntArray, parts: int) -> IntArray:
    """Where to cut a row of counts so that the parts have about the same sum.

    Returns
    -------
    (parts + 1,) int64
        Positions from 0 to len(counts), rising.
    """
    sums = np.cumsum(counts, dtype=np.int64)
    total = int(sums[-1]) if len(sums) else 0
    inner = np.searchsorted(sums, total * np.arange(1, parts) / parts) + 1
    inner = np.minimum(inner, len(counts))
    return np.concatenate([[0], inner, [len(counts)]]).astype(np.int64)


def numbered(borders: Sequence[int] | IntArray) -> Int32Array:
    """The number of the part in which each position lies, for borders from `even_borders`."""
    sizes = np.diff(np.asarray(borders))
    return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
