"""The candidate source "popular": the most played songs."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.sources.base import Candidates, Columns, Ids, Query, Source
from recsys_dagster.recommend.sources.picking import is_among, top

_FIRST = 2_000
"""The most played songs that are sorted beforehand."""


class Popular(Source):
    """The most played songs. Those that nobody plays are not among them.

    Attributes
    ----------
    plays
        (n_songs,) float32, -inf for songs that may not be recommended or that nobody plays.
    """

    name = "popular"
    label = "Popular"
    explained = "A baseline: the most played songs, whatever you picked."
    brings = "Popular"
    features = dict.fromkeys(("popular_listeners", "popular_plays"), 0.0)
    hears_seeds = False

    def __init__(
        self,
        plays: NDArray[np.integer[Any]],
        available: NDArray[np.bool_],
        listeners: NDArray[np.integer[Any]] | None = None,
    ) -> None:
        self.plays = np.where(available & (plays > 0), plays, -np.inf).astype(np.float32)
        self._listeners = np.zeros(len(plays), np.int64) if listeners is None else listeners
        self._first = top(self.plays, _FIRST)

    @classmethod
    def of(cls, models: Models) -> Self:
        """See `Source`."""
        return cls(models.plays, models.recommendable, models.listeners)

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by play count; see `Source`."""
        unwanted = query.unwanted
        most = n + len(unwanted)
        found = self._first if most <= _FIRST else top(self.plays, most)
        wanted = np.flatnonzero(~is_among(found.ids, unwanted))[: max(n, 0)]
        return Candidates(found.ids[wanted], found.scores[wanted])

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """Nothing: the seeds have no say."""
        return np.zeros((len(ids), len(query.seeds)))

    def columns(self, query: Query, ids: Ids) -> Columns:  # noqa: ARG002
        """How much the song is played, by how many."""
        return {
            "popular_listeners": np.log1p(self._listeners[ids]),
            "popular_plays": np.log1p(np.maximum(self.plays[ids], 0)),
        }
