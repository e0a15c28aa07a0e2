"""The engine: a query and a method in, a ranking out. Serving and evaluation share it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.recommend.ranker import Ranker
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

METHODS: tuple[str, ...] = ("hybrid", "svd", "knn", "seed", "popular")
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


class Engine:
    """Ranks songs for a query.

    Parameters
    ----------
    svd, knn, ranker
        The models, over the same song ids.
    plays
        Play counts, shape (n_songs,).
    available
        Which songs may be recommended, shape (n_songs,); by default those with plays.
    items
        Item-item neighbours, or `None`: the hybrid does without.
    """

    def __init__(
        self,
        svd: SvdModel,
        knn: KnnIndex,
        ranker: Ranker,
        plays: NDArray[np.int64],
        available: NDArray[np.bool_] | None = None,
        items: ItemKnn | None = None,
    ) -> None:
        self.available = plays > 0 if available is None else available
        self.svd = Svd(svd, self.available)
        self.knn = Knn(knn, np.flatnonzero(~self.available))
        self.popular = Popular(plays, self.available)
        self.ranker = ranker
        self.sources: dict[str, Source] = {
            source.name: source for source in (self.svd, self.knn, self.popular)
        }
        if items is not None:
            self.sources[Items.name] = Items(items, self.available)
        self._methods: dict[str, Callable[[Query, int, int], Ranked]] = {
            "hybrid": self._hybrid,
            "svd": lambda query, n, _: _alone("svd", self.svd.candidates(query, n)),
            "knn": lambda query, n, _: _alone("knn", self.knn.candidates(query, n)),
            "seed": self._seed,
            "popular": lambda query, n, _: _alone("popular", self.popular.candidates(query, n)),
        }

    def rank(self, method: str, query: Query, n: int) -> Ranked:
        """The best `n` songs by a method of `METHODS`; fewer where it finds no more."""
        return self.pool(method, query, n, depth=n)

    def pool(self, method: str, query: Query, n: int, *, depth: int) -> Ranked:
        """The list of `depth` songs that `rank` gives, gone on with to `n` as far as it goes.

        What `hybrid` and `seed` look at, and so their order, depends on how many songs are asked
        for; here that is `depth`.
        """
        return self._methods[method](query, n, depth)

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
        """The candidates of the sources that the ranker weighs, joined by it.

        Seeds without sound leave svd and the item-item neighbours.
        """
        depth = max(self.ranker.candidates, depth)
        found = {
            name: self.sources[name].candidates(query, depth)
            for name, weight in self.ranker.weights.items()
            if weight > 0 and name in self.sources
        }
        ids, added = self.ranker.contributions(found)
        scores = np.zeros(len(ids), np.float32)
        for one in added.values():
            scores += one
        best = np.lexsort((ids, -scores))[:n]
        return Ranked(ids[best], scores[best], {name: one[best] for name, one in added.items()})


def _alone(name: str, found: Candidates) -> Ranked:
    return Ranked(found.ids, found.scores, {name: np.ones(len(found.ids), np.float32)})
