"""The engine: a query and a method in, a ranking out. Serving and evaluation share it."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.recommend.artists import Artists
from recsys_dagster.recommend.features import CandidateFeatures
from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.ranker import Features, Rankers
from recsys_dagster.recommend.sources import (
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

METHODS: tuple[str, ...] = ("hybrid", "svd", "items", "knn", "artist", "seed", "popular")
PARTS: tuple[str, ...] = ("svd", "items", "knn", "artist", "popular")
"""The methods that are one source of the hybrid alone."""
AUDIO_METHODS = frozenset({"knn", "seed"})
"""Methods that need a seed with audio features."""
SEED_NEIGHBOURS = 100


@dataclass(frozen=True, slots=True)
class Ranked:
    """A ranking, best first.

    `by_source` has what each source added to the songs' scores, shape (n,) each, 0 where it did
    not bring the song.
    """

    ids: Ids
    scores: Scores
    by_source: dict[str, Scores]

    def sources(self, position: int) -> tuple[str, ...]:
        """The sources that brought the song at a position, the strongest first."""
        added = {name: float(one[position]) for name, one in self.by_source.items()}
        brought = [name for name in added if added[name]]
        return tuple(sorted(brought, key=lambda name: (-added[name], name)))

    def take(self, positions: Ids) -> "Ranked":
        """The songs at some positions, in that order."""
        by_source = {name: one[positions] for name, one in self.by_source.items()}
        return Ranked(self.ids[positions], self.scores[positions], by_source)


@dataclass(frozen=True)
class Models:
    """What an engine is made of, all over the same song ids.

    Attributes
    ----------
    svd, knn
        The factorisation and the index over the audio features.
    plays, listeners
        Of each song, shape (n_songs,).
    artists
        Number of each song's artist, shape (n_songs,).
    items
        Item-item neighbours, or `None`: nothing is known of who plays what with what.
    available
        Which songs may be recommended, shape (n_songs,); by default those with plays.
    """

    svd: SvdModel
    knn: KnnIndex
    plays: NDArray[np.integer[Any]]
    listeners: NDArray[np.integer[Any]]
    artists: NDArray[np.integer[Any]]
    items: ItemKnn | None = None
    available: NDArray[np.bool_] | None = None


class Engine:
    """Ranks songs for a query.

    Parameters
    ----------
    models
        What the candidate sources look into.
    rankers
        What joins their candidates.
    """

    _svd_source: type[Svd] = Svd
    _knn_source: type[Knn] = Knn

    def __init__(self, models: Models, rankers: Rankers) -> None:
        self.models = models
        self.rankers = rankers
        known = models.available
        self.available = np.asarray(models.plays > 0) if known is None else known
        self.svd = self._svd_source(models.svd, self.available)
        self.knn = self._knn_source(models.knn, np.flatnonzero(~self.available))
        self.popular = Popular(models.plays, self.available)
        self.artists = Artists(models.artists, models.plays, self.available)
        self.items = None if models.items is None else Items(models.items, self.available)
        found = (self.svd, self.items, self.knn, self.artists, self.popular)
        self.sources: dict[str, Source] = {one.name: one for one in found if one is not None}
        self._features = CandidateFeatures(
            self.svd, self.items, self.knn, self.artists, self.popular, models.listeners
        )

    def with_rankers(self, rankers: Rankers) -> "Engine":
        """An engine over the same models with other rankers."""
        other = copy.copy(self)
        other.rankers = rankers
        return other

    def rank(self, method: str, query: Query, n: int) -> Ranked:
        """The best `n` songs by a method of `METHODS`; fewer where it finds no more."""
        return self.pool(method, query, n, depth=n)

    def pool(self, method: str, query: Query, n: int, *, depth: int) -> Ranked:
        """The list of `depth` songs that `rank` gives, gone on with to `n` as far as it goes.

        What `hybrid` and `seed` look at, and so their order, depends on how many songs are asked
        for; here that is `depth`.
        """
        if method == "hybrid":
            return self._hybrid(query, n, depth)
        if method == "seed":
            return self._seed(query, n, depth)
        source = self.sources.get(method)
        nothing = Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
        return _alone(method, source.candidates(query, n) if source else nothing)

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

    def _seed(self, query: Query, n: int, depth: int) -> Ranked:
        """The 100 songs nearest to the seeds' mean, sorted by how often they are played.

        This is what the system that ours replaces does, kept as the baseline it is. That one
        sorts by the item bias of its factorisation, which says how much a song is played.
        """
        near = self.knn.candidates(query, max(SEED_NEIGHBOURS, depth)).ids
        scores = self.popular.plays[near]
        best = np.lexsort((near, -scores))[:n]
        return _alone("knn", Candidates(near[best], scores[best]))

    def _hybrid(self, query: Query, n: int, depth: int) -> Ranked:
        """The candidates of the sources that the ranker asks, joined by it.

        Seeds without sound leave the other sources.
        """
        ranker = self.rankers.of(query)
        depth = max(ranker.candidates, depth)
        pool, features = self.candidates(query, ranker.sources, depth), self.features(query)
        scores = ranker.scores(pool, features).astype(np.float32)
        best = np.lexsort((pool.ids, -scores))[:n]
        shares = ranker.shares(pool, features, best)
        added = {name: (one * scores[best]).astype(np.float32) for name, one in shares.items()}
        return Ranked(pool.ids[best], scores[best], added)


def _alone(name: str, found: Candidates) -> Ranked:
    return Ranked(found.ids, found.scores, {name: np.ones(len(found.ids), np.float32)})
