"""The best products of many vectors with all items: for a batch of listeners at once.

Tile by tile of items, so that the scores stay in the processor's cache and never lie in memory as
listeners by items.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float32Array, IntArray
from recsys_dagster.models.svd.vectors import compiled

TILE = 4096
_BLOCK = 64
_INVERTED = np.uint64(0xFFFFFFFF)
_TOP, _REST = np.uint32(1 << 31), np.uint32((1 << 31) - 1)

Keys = NDArray[np.uint64]
"""Scores and items as numbers that sort as they do: the bits of the score, turned so that the
higher score is the higher number, then those of the item inverted. 0 stands for none."""


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
    keys = np.zeros((len(vectors), n), np.uint64)
    scores = np.empty((len(vectors), min(TILE, max(items.shape[1], 1))), np.float32)
    lifted = offsets[1].any()
    for first in range(0, items.shape[1], TILE):
        tile = slice(first, first + TILE)
        part = scores[:, : items[:, tile].shape[1]]
        np.matmul(vectors, items[:, tile], out=part)
        part += offsets[0][tile]
        if lifted:
            part += offsets[1][:, None]
        _hide(hidden.starts, hidden.items, first, part)
        _keep(part, first, keys)
    return _read(keys)


def _read(keys: Keys) -> tuple[IntArray, Float32Array]:
    keys.sort(axis=1)
    keys = keys[:, ::-1]
    bits = (keys >> np.uint64(32)).astype(np.uint32)
    scores = np.where(bits >= _TOP, bits ^ _TOP, ~bits).view(np.float32)
    found = keys > 0
    ids = (_INVERTED - (keys & _INVERTED)).astype(np.int64)
    return np.where(found, ids, -1), np.where(found, scores, np.float32(np.nan))


@compiled
def _hide(starts: IntArray, items: IntArray, first: int, scores: Float32Array) -> None:
    """Put -inf where a listener's hidden items lie in the tile."""
    for row in range(len(scores)):
        for entry in range(starts[row], starts[row + 1]):
            place = items[entry] - first
            if 0 <= place < scores.shape[1]:
                scores[row, place] = -np.inf


@compiled
def _keep(scores: Float32Array, first: int, keys: Keys) -> None:
    """Let the tile's scores into the rows' heaps, whose lowest key is the first."""
    width = scores.shape[1]
    for row in range(len(scores)):
        border = _score(keys[row, 0])
        for start in range(0, width, _BLOCK):
            stop = min(start + _BLOCK, width)
            # Counted, not compared with the highest: this becomes vector instructions.
            above = 0
            for place in range(start, stop):
                above += scores[row, place] > border
            if above:
                for place in range(start, stop):
                    if scores[row, place] > border:
                        _replace_lowest(keys[row], _key(scores[row, place], first + place))
                        border = _score(keys[row, 0])


@compiled
def _key(score: np.float32, item: int) -> np.uint64:
    bits = np.float32(score).view(np.uint32)
    negative = bits >> np.uint32(31)
    turned = bits ^ np.uint32(_TOP | negative * _REST)
    return (np.uint64(turned) << np.uint64(32)) | (_INVERTED - np.uint64(item))


@compiled
def _score(key: np.uint64) -> np.float32:
    if key == 0:
        return np.float32(-np.inf)
    turned = np.uint32(key >> np.uint64(32))
    negative = np.uint32(1) - (turned >> np.uint32(31))
    bits = np.uint32(turned ^ np.uint32(_TOP | negative * _REST))
    return bits.view(np.float32)


@compiled
def _replace_lowest(heap: Keys, key: np.uint64) -> None:
    place = 0
    while True:
        child = 2 * place + 1
        if child >= len(heap):
            break
        if child + 1 < len(heap) and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = key
