"""The candidate source "taste": the factorisation."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.shortlist import Shortlist
from recsys_dagster.models.svd.folding import FoldIn
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.sources.base import Candidates, Columns, Ids, Query, Scores, Source
from recsys_dagster.recommend.sources.picking import is_among, top, units

NEAREST_SEEDS = 50
"""Of a whole history, to how many of the most played songs a candidate is compared one by one."""


class Svd(Source):
    """The factorisation: the seeds are folded in as a new listener.

    Attributes
    ----------
    shortlist
        Of the rows (q_i, b_i), or `None`: all songs are scored. Set for large catalogues.
    """

    name = "svd"
    label = "SVD"
    explained = "Taste alone: songs that suit listeners whose taste is like your songs."
    brings = "Taste"
    features = dict.fromkeys(("svd_score", "svd_behind", "svd_nearest", "svd_farthest"), 0.0)

    def __init__(self, model: SvdModel, available: NDArray[np.bool_]) -> None:
        self.model = model
        self.shortlist: Shortlist | None = None
        self._available = available
        self._last: tuple[Query, FoldIn] | None = None

    @classmethod
    def of(cls, models: Models) -> Self:
        """See `Source`."""
        return cls(models.svd, models.recommendable)

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by predicted rating; see `Source`."""
        listener = self.listener(query)
        found = self._among_few(listener, query.unwanted, n)
        if found is None or len(found.ids) < n:
            found = self._among_all(listener, query.unwanted, n)
        return found

    def _among_few(self, listener: FoldIn, unwanted: Ids, n: int) -> Candidates | None:
        if self.shortlist is None:
            return None
        ids = self.shortlist.find(np.append(listener.factors, np.float32(1)), n, len(unwanted))
        if ids is None:
            return None
        ids = ids[self._available[ids] & ~is_among(ids, unwanted)]
        scores = self.model.item_factors[ids] @ listener.factors + self.model.item_bias[ids]
        best = top(scores + np.float32(self.model.mean + listener.bias), n)
        return Candidates(ids[best.ids], best.scores)

    def _among_all(self, listener: FoldIn, unwanted: Ids, n: int) -> Candidates:
        scores = self.model.scores(listener.factors, listener.bias)
        scores[~self._available] = -np.inf
        scores[unwanted] = -np.inf
        return top(scores, n)

    def listener(self, query: Query) -> FoldIn:
        """The query folded in; the last one is kept, as several ask for it in one request."""
        kept = self._last
        if kept is None or kept[0] is not query:
            kept = query, self.model.fold_in(query.seeds, query.ratings)
            self._last = kept
        return kept[1]

    def scores_of(self, query: Query, ids: Ids) -> Scores:
        """The predicted ratings of some songs, (n,)."""
        return self._scores_of(query, ids, self._factors(ids))

    def _scores_of(self, query: Query, ids: Ids, factors: Scores) -> Scores:
        listener = self.listener(query)
        base = np.float32(self.model.mean + listener.bias)
        return np.asarray(factors @ listener.factors + self.model.item_bias[ids] + base, np.float32)

    def _factors(self, ids: Ids) -> Scores:
        return self.model.item_factors.take(ids, axis=0)  # several times as fast as [ids]

    def cosines(self, ids: Ids, seeds: Ids) -> Scores:
        """Cosines of the factors of (n,) songs and (s,) seeds, (n, s); 0 for a song without."""
        return self._cosines(self._factors(ids), seeds)

    def _cosines(self, factors: Scores, seeds: Ids) -> Scores:
        return np.asarray(units(factors) @ units(self._factors(seeds)).T, dtype=np.float32)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """Each seed's part of p_u·q_i, where it speaks for the song."""
        parts = self.listener(query).parts[:, :-1]
        return np.asarray(np.maximum(self.model.item_factors[ids] @ parts.T, 0))

    def columns(self, query: Query, ids: Ids) -> Columns:
        """r̂, how far it lies behind the best candidate's, and the cosines with the seeds."""
        factors = self._factors(ids)
        scores = self._scores_of(query, ids, factors)
        cosines = self._cosines(factors, query.seeds[:NEAREST_SEEDS])
        return {
            "svd_score": scores,
            "svd_behind": scores - scores.max(initial=-np.inf),
            "svd_nearest": cosines.max(axis=1, initial=-1),
            "svd_farthest": cosines.min(axis=1, initial=1),
        }
