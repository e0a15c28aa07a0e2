"""The pool: every candidate that any source brought, with its rank and score in each."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.sources import Candidates, Ids, Scores


@dataclass(frozen=True, slots=True)
class Pool:
    """The union of the sources' candidates.

    Attributes
    ----------
    ids
        Songs, ascending, shape (n,).
    ranks
        By source, the song's rank from 1, 0 where it did not bring the song; (n,) int64.
    scores
        By source, the song's score there, NaN where it did not bring the song; (n,) float32.
    """

    ids: Ids
    ranks: Mapping[str, NDArray[np.int64]]
    scores: Mapping[str, Scores]

    @classmethod
    def of(cls, found: Mapping[str, Candidates]) -> "Pool":
        """The union of what sources found."""
        ids = np.unique(np.concatenate([np.empty(0, np.int64), *(c.ids for c in found.values())]))
        ranks, scores = {}, {}
        for name, one in found.items():
            places = np.searchsorted(ids, one.ids)
            ranks[name] = np.zeros(len(ids), np.int64)
            ranks[name][places] = np.arange(1, len(one.ids) + 1)
            scores[name] = np.full(len(ids), np.nan, np.float32)
            scores[name][places] = one.scores
        return cls(ids, ranks, scores)
