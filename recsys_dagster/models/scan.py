"""The best products of many vectors with all items: for a batch of listeners at once.

Tile by tile of items, so that the scores stay in the processor's cache and never lie in memory as
listeners by items.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from recsys_dagster.compiling import kept_on_disk
from recsys_dagster.models.arrays import Float32Array, IntArray
from recsys_dagster.models.best import (
    Keys,
    key_of,
    no_keys,
    read_keys,
    replace_lowest,
    score_of,
)
from recsys_dagster.models.svd.vectors import compiled

TILE = 1024
"""Items at a time, so that their scores for a block of listeners stay near the processor."""
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class ItemLists:
    """Some items of each listener.

    Attributes
    ----------
    starts
        (b + 1,) int64, where each listener's items begin; the last is where the last one's end.
    items
        (n,) int64.
    """

    starts: IntArray
    items: IntArray

    def at(self, part: slice) -> "ItemLists":
        """The items of some listeners, from `part.start` up to `part.stop`."""
        return ItemLists(self.starts[part.start : part.stop + 1], self.items)


def scan(
    vectors: Float32Array,
    items: Float32Array,
    offsets: tuple[Float32Array, Float32Array],
    hidden: ItemLists,
    n: int,
) -> tuple[IntArray, Float32Array]:
    """Find the `n` items with the highest v·q_i + c_i + b_v for each vector v.

    Parameters
    ----------
    vectors
        (b, k) float32.
    items
        (k, m) float32, q.
    offsets
        (m,) c, -inf for items that may not come back; and (b,) b.
    hidden
        What else may not come back: of each vector.
    n
        How many, at least 1.

    Returns
    -------
    (b, n) int64 and (b, n) float32
        Items and their scores, best first, of equals the lower item first; -1 and NaN where there
        are no more.
    """
    keys = no_keys(len(vectors), n)
    scores = np.empty((len(vectors), min(TILE, max(items.shape[1], 1))), np.float32)
    hidden_items = _sorted(hidden.starts, hidden.items)
    reached = hidden.starts[:-1].copy()
    for first in range(0, items.shape[1], TILE):
        tile = slice(first, first + TILE)
        part = scores[:, : items[:, tile].shape[1]]
        np.matmul(vectors, items[:, tile], out=part)
        _hide(hidden.starts, hidden_items, reached, first, part)
        _keep(part, offsets[0][tile], offsets[1], first, keys)
    return read_keys(keys)


@compiled
def _sorted(starts: IntArray, items: IntArray) -> IntArray:
    """Each listener's items in ascending order."""
    ordered = items.copy()
    for row in range(len(starts) - 1):
        ordered[starts[row] : starts[row + 1]].sort()
    return ordered


@compiled
def _hide(
    starts: IntArray, items: IntArray, reached: IntArray, first: int, scores: Float32Array
) -> None:
    """Put -inf where a listener's hidden items lie in the tile, and reach the next tile's."""
    for row in range(len(scores)):
        while reached[row] < starts[row + 1]:
            place = items[reached[row]] - first
            if place >= scores.shape[1]:
                break
            scores[row, place] = -np.inf
            reached[row] += 1


@partial(kept_on_disk, nogil=True)  # sums in this order, as others add them
def _keep(
    scores: Float32Array, offsets: Float32Array, lifts: Float32Array, first: int, keys: Keys
) -> None:
    """Let the tile's scores with their offsets into the rows' heaps."""
    # Slices from 0 up and 32 bits, so that the first two loops become vector instructions.
    for row in range(len(scores)):
        border, lift = score_of(keys[row, 0]), lifts[row]
        for start in range(0, scores.shape[1], _BLOCK):
            block, added = scores[row, start : start + _BLOCK], offsets[start : start + _BLOCK]
            for place in range(len(block)):
                block[place] = (block[place] + added[place]) + lift
            above = np.uint32(0)
            for place in range(len(block)):
                above = np.uint32(above + np.uint32(block[place] > border))
            if above:
                for place in range(len(block)):
                    if block[place] > border:
                        key = key_of(block[place], first + start + place)
                        replace_lowest(keys[row], key)
                        border = score_of(keys[row, 0])
