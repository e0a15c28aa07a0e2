"""The engine: a query and a method in, a ranking out. Serving and evaluation share it."""

import copy
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.baselines import BASELINES
from recsys_dagster.recommend.features import CandidateFeatures
from recsys_dagster.recommend.methods import HYBRID
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.ranked import Ranked
from recsys_dagster.recommend.ranker import Features, Rankers
from recsys_dagster.recommend.sources import (
    SOURCES,
    Artists,
    Candidates,
    Ids,
    Items,
    Knn,
    Popular,
    Query,
    Scores,
    Source,
    Svd,
)

_BASELINES = {one.name: one for one in BASELINES}
_Kind = TypeVar("_Kind", bound=Source)


class Engine:
    """Ranks songs for a query.

    Parameters
    ----------
    models
        What the candidate sources look into.
    rankers
        What joins their candidates.

    Attributes
    ----------
    sources
        By name, those of `SOURCES` that the models have something for.
    svd, items, knn, artists, popular
        Those of them that others ask more of than candidates.
    """

    kinds: ClassVar[Sequence[type[Source]]] = SOURCES

    def __init__(self, models: Models, rankers: Rankers) -> None:
        self.models = models
        self.rankers = rankers
        self.available = models.recommendable
        made = (kind.of(models) for kind in self.kinds)
        self.sources: Mapping[str, Source] = {one.name: one for one in made if one is not None}
        self.svd, self.knn = self._one(Svd), self._one(Knn)
        self.artists, self.popular = self._one(Artists), self._one(Popular)
        self.items = None if models.items is None else self._one(Items)
        self._features = CandidateFeatures(self.sources, models.artists)

    def _one(self, kind: type[_Kind]) -> _Kind:
        return next(one for one in self.sources.values() if isinstance(one, kind))

    def with_rankers(self, rankers: Rankers) -> "Engine":
        """An engine over the same models with other rankers."""
        other = copy.copy(self)
        other.rankers = rankers
        return other

    def rank(self, method: str, query: Query, n: int) -> Ranked:
        """The best `n` songs by a method of `METHODS`; fewer where it finds no more."""
        return self.pool(method, query, n, depth=n)

    def order(self, method: str, query: Query, n: int) -> Ids:
        """The songs of `rank`, without what they owe to which source."""
        if method != HYBRID:
            return self.rank(method, query, n).ids
        pool, scores = self._scored(query, n, self.features(query))
        return pool.ids[_best(pool, scores, n)]

    def pool(self, method: str, query: Query, n: int, *, depth: int) -> Ranked:
        """The list of `depth` songs that `rank` gives, gone on with to `n` as far as it goes.

        What `hybrid` and `seed` look at, and so their order, depends on how many songs are asked
        for; here that is `depth`.
        """
        if method == HYBRID:
            return self._hybrid(query, n, depth)
        if baseline := _BASELINES.get(method):
            return Ranked.alone(baseline.source, baseline.candidates(self, query, n, depth))
        source = self.sources.get(method)
        nothing = Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
        return Ranked.alone(method, source.candidates(query, n) if source else nothing)

    def candidates(self, query: Query, sources: Sequence[str], depth: int) -> Pool:
        """What some of the sources bring, `depth` songs each."""
        asked = (self.sources[name] for name in sources if name in self.sources)
        return Pool.of({one.name: one.candidates(query, depth) for one in asked})

    def features(self, query: Query) -> Features:
        """What computes the features of a pool's candidates for a query, once for each pool."""
        computed: dict[int, NDArray[np.float64]] = {}

        def of(pool: Pool) -> NDArray[np.float64]:
            if id(pool) not in computed:
                computed[id(pool)] = self._features.of(query, pool)
            return computed[id(pool)]

        return of

    def _hybrid(self, query: Query, n: int, depth: int) -> Ranked:
        """The candidates of the sources that the ranker asks, joined by it.

        Seeds without sound leave the other sources.
        """
        features = self.features(query)
        pool, scores = self._scored(query, depth, features)
        best = _best(pool, scores, n)
        shares = self.rankers.of(query).shares(pool, features, best)
        added = {name: (one * scores[best]).astype(np.float32) for name, one in shares.items()}
        return Ranked(pool.ids[best], scores[best], added)

    def _scored(self, query: Query, depth: int, features: Features) -> tuple[Pool, Scores]:
        """The candidates, and what the ranker gives each."""
        ranker = self.rankers.of(query)
        pool = self.candidates(query, ranker.sources, max(ranker.candidates, depth))
        return pool, ranker.scores(pool, features).astype(np.float32)


def _best(pool: Pool, scores: Scores, n: int) -> Ids:
    """Where the `n` highest scores stand, of equals the lower id first."""
    return np.lexsort((pool.ids, -scores))[:n]
