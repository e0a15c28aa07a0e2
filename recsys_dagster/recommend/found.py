"""Queries that bring along what was found for a whole block of them; see `batch`.

What is the same work for every query (folding in, and the scans over the factors and over the
sound) is done for a block of them by matrix products; the rest is the engine's own code, over
models that are looked into by compiled loops.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.item_looking import CompiledItemKnn
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.models.ranking.walking import CompiledTrees
from recsys_dagster.models.scan import ItemLists, scan
from recsys_dagster.models.svd.folding import FoldIn
from recsys_dagster.models.svd.folding_all import fold_in_all
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.ranker import Learned, Ranker, Rankers
from recsys_dagster.recommend.sounding import sounds_like
from recsys_dagster.recommend.sources import (
    SOURCES,
    Candidates,
    Ids,
    Items,
    Knn,
    Query,
    Scores,
    Source,
    Svd,
)

_NO_PARTS = np.empty((0, 0), np.float32)


class Found(Query):
    """A query with what is known of it beforehand.

    Attributes
    ----------
    listener
        The listener folded in, without parts.
    ahead
        By source, its best candidates.
    """

    __slots__ = ("_unwanted", "ahead", "listener")
    listener: FoldIn
    ahead: dict[str, Candidates]

    def __init__(self, query: Query, listener: FoldIn) -> None:
        super().__init__(query.seeds, query.ratings, query.exclude)
        object.__setattr__(self, "listener", listener)
        object.__setattr__(self, "ahead", {})
        object.__setattr__(self, "_unwanted", query.unwanted)

    @property
    def unwanted(self) -> Ids:
        """See `Query`; sorted once."""
        found: Ids = self._unwanted  # type: ignore[attr-defined]
        return found

    def best(self, source: str, n: int) -> Candidates | None:
        """The `n` best songs of a source; `None` where not so many were looked for."""
        found = self.ahead.get(source)
        if found is None or len(found.ids) < n:
            return None
        return Candidates(found.ids[:n], found.scores[:n])


class _FromAhead(Source):
    def candidates(self, query: Query, n: int) -> Candidates:
        found = query.best(self.name, n) if isinstance(query, Found) else None
        return super().candidates(query, n) if found is None else found  # type: ignore[safe-super]


class _FoundSvd(_FromAhead, Svd):
    def listener(self, query: Query) -> FoldIn:
        return query.listener if isinstance(query, Found) else super().listener(query)


class _FoundKnn(_FromAhead, Knn):
    pass


class _CompiledItems(Items):
    def candidates(self, query: Query, n: int) -> Candidates:
        if not isinstance(self.model, CompiledItemKnn) or n < 1:
            return super().candidates(query, n)
        among = self._available, query.unwanted
        return Candidates(*self.model.best(query.seeds, self._weights(query), among, n))


class _FoundItems(_FromAhead, _CompiledItems):
    pass


_FOUND: dict[type[Source], type[Source]] = {Svd: _FoundSvd, Knn: _FoundKnn, Items: _FoundItems}


class BatchEngine(Engine):
    """An engine that takes from a `Found` query what it brings along."""

    kinds = tuple(_FOUND.get(kind, kind) for kind in SOURCES)

    def __init__(self, models: Models, rankers: Rankers) -> None:
        super().__init__(_in_memory(models), _compiled(rankers))
        unavailable = np.where(self.available, np.float32(0), np.float32(-np.inf))
        self._item_offsets = self.models.svd.item_bias + unavailable
        self._silenced = unavailable[self.models.knn.song_ids]

    def with_rankers(self, rankers: Rankers) -> "Engine":
        """See `Engine`."""
        return super().with_rankers(_compiled(rankers))

    def bring_along(self, queries: Sequence[Query], n: int) -> list[Found]:
        """Queries that know their `n` best songs by taste, by sound and by who plays them.

        Parameters
        ----------
        queries
            Songs alone, or histories with their ratings: all of one kind.
        """
        if not queries:
            return []
        seeds, hidden = (_joined([getattr(query, name) for query in queries])
                         for name in ("seeds", "unwanted"))  # fmt: skip
        given = [query.ratings for query in queries if query.ratings is not None]
        ratings = np.concatenate(given) if given else None
        bias, factors = fold_in_all(self.models.svd, seeds.starts, seeds.items, ratings)
        ids, scores = self.by_taste(hidden, bias, factors, n)
        found = []
        for row, query in enumerate(queries):
            one = Found(query, FoldIn(float(bias[row]), factors[row], _NO_PARTS))
            there = ids[row] >= 0
            one.ahead["svd"] = Candidates(ids[row][there], scores[row][there])
            found.append(one)
        sound = sounds_like(self.knn, found, self._silenced, n) if len(self.knn.index) else []
        for one, near in zip(found, sound, strict=False):
            if near is not None:
                one.ahead["knn"] = near
        if self.items is not None:
            for one in found:
                one.ahead["items"] = self.items.candidates(one, n)
        return found

    def by_taste(
        self, hidden: ItemLists, bias: Scores, factors: Scores, n: int
    ) -> tuple[Ids, Scores]:
        """The `n` songs with the highest predicted rating, as `Svd` has them; see `scan`."""
        model = self.models.svd
        base = (np.float64(model.mean) + bias).astype(np.float32)
        return scan(factors, model.item_factors.T, (self._item_offsets, base), hidden, n)


def _joined(parts: Sequence[NDArray[np.integer]]) -> ItemLists:
    starts = np.cumsum([0, *(len(one) for one in parts)]).astype(np.int64)
    return ItemLists(starts, np.concatenate(parts).astype(np.int64))


def _in_memory(models: Models) -> Models:
    """The same models, which compiled loops look into, and which are no memory maps."""
    svd, knn = models.svd, models.knn
    return replace(
        models,
        svd=replace(svd, item_bias=np.asarray(svd.item_bias),
                    item_factors=np.asarray(svd.item_factors)),
        knn=replace(knn, song_ids=np.asarray(knn.song_ids), vectors=np.asarray(knn.vectors),
                    lengths=np.asarray(knn.lengths)),
        items=None if models.items is None else CompiledItemKnn.of(models.items),
        artists=np.asarray(models.artists),
    )  # fmt: skip


def _compiled(rankers: Rankers) -> Rankers:
    return Rankers(walked(rankers.songs), walked(rankers.history))


def walked(ranker: Ranker) -> Ranker:
    """The same ranker, whose trees are walked by a compiled loop."""
    if not isinstance(ranker, Learned):
        return ranker
    return replace(ranker, models=tuple(
        CompiledTrees.of(one) if isinstance(one, Trees) else one for one in ranker.models
    ))  # fmt: skip
