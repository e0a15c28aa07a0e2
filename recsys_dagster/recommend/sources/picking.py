"""Picking: the best of scores, and which ids are among others."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.sources.base import Candidates, Scores

_BLOCK = 64


def top(scores: Scores, n: int) -> Candidates:
    """The `n` highest finite scores; of equals the lower id first."""
    if n < 1:
        return Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
    near = np.flatnonzero(scores >= _reached(scores, n))
    near = near[np.isfinite(scores[near])]
    if len(near) < n:
        near = np.flatnonzero(np.isfinite(scores))
    if len(near) > n:
        border = np.partition(scores[near], len(near) - n)[len(near) - n]
        near = near[scores[near] >= border]
    best = near[np.lexsort((near, -scores[near]))][:n]
    return Candidates(best, scores[best].astype(np.float32))


def _reached(scores: Scores, n: int) -> float:
    """A score that `n` songs reach, and few others: the `n`-th highest of the blocks' maxima.

    Cheaper than to partition all scores, of which most are nowhere near the top.
    """
    blocks = len(scores) // _BLOCK
    if blocks < n:
        return -np.inf
    maxima = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
    return float(np.partition(maxima, blocks - n)[blocks - n])


def is_among(ids: NDArray[np.integer[Any]], some: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Which ids are among some, which are sorted. NumPy's `isin` sorts both each time."""
    if not len(some):
        return np.zeros(ids.shape, dtype=bool)
    places = np.minimum(np.searchsorted(some, ids), len(some) - 1)
    return np.asarray(some[places] == ids)


def units(vectors: Scores) -> Scores:
    """Rows brought to length 1; rows of zeros stay so."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
