"""The best of scores as a heap of keys, for compiled loops: see `replace_lowest`."""

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float32Array, IntArray
from recsys_dagster.models.svd.vectors import compiled

_INVERTED = np.uint64(0xFFFFFFFF)
_TOP, _REST = np.uint32(1 << 31), np.uint32((1 << 31) - 1)

Keys = NDArray[np.uint64]
"""Scores and items as numbers that sort as they do: the bits of the score, turned so that the
higher score is the higher number, then those of the item inverted. 0 stands for none."""


def no_keys(rows: int, n: int) -> Keys:
    """Heaps of `n` keys that hold none yet, (rows, n)."""
    return np.zeros((rows, n), np.uint64)


def read_keys(keys: Keys) -> tuple[IntArray, Float32Array]:
    """Items and scores of (b, n) keys, which are sorted by it: see `scan.scan`."""
    keys.sort(axis=1)
    keys = keys[:, ::-1]
    bits = (keys >> np.uint64(32)).astype(np.uint32)
    scores = np.where(bits >= _TOP, bits ^ _TOP, ~bits).view(np.float32)
    found = keys > 0
    ids = (_INVERTED - (keys & _INVERTED)).astype(np.int64)
    return np.where(found, ids, -1), np.where(found, scores, np.float32(np.nan))


@compiled
def key_of(score: np.float32, item: int) -> np.uint64:
    """The key of an item and its score, which is finite."""
    bits = np.float32(score).view(np.uint32)
    negative = bits >> np.uint32(31)
    turned = bits ^ np.uint32(_TOP | negative * _REST)
    return (np.uint64(turned) << np.uint64(32)) | (_INVERTED - np.uint64(item))


@compiled
def score_of(key: np.uint64) -> np.float32:
    """The score of a key, -inf for none."""
    if key == 0:
        return np.float32(-np.inf)
    turned = np.uint32(key >> np.uint64(32))
    negative = np.uint32(1) - (turned >> np.uint32(31))
    bits = np.uint32(turned ^ np.uint32(_TOP | negative * _REST))
    return bits.view(np.float32)


@compiled
def replace_lowest(heap: Keys, key: np.uint64) -> None:
    """Put a key in the place of the lowest of a heap, which is its first."""
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
