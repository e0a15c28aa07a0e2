"""Queries that bring along what was found for a whole block of them; see `batch`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.knn.index import ROUNDING, KnnIndex
from recsys_dagster.models.scan import Hidden, scan
from recsys_dagster.models.svd.folding import FoldIn
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.sources import Candidates, Ids, Knn, Query, Scores, Svd

_MORE = 16
"""So many songs more are scanned for: it rounds, and those at the border may change places."""


class Found(Query):
    """A listener's whole history, with what is known of it beforehand.

    Attributes
    ----------
    listener
        The listener folded in, without parts.
    ahead
        By source, the candidates.
    """

    __slots__ = ("_unwanted", "ahead", "listener")
    listener: FoldIn
    ahead: dict[str, Candidates]

    def __init__(self, seeds: Ids, ratings: Scores) -> None:
        super().__init__(seeds, ratings)
        object.__setattr__(self, "ahead", {})
        object.__setattr__(self, "_unwanted", np.unique(seeds))

    def fold_in(self, listener: FoldIn) -> None:
        """Set the listener."""
        object.__setattr__(self, "listener", listener)

    @property
    def unwanted(self) -> Ids:
        """The seeds, sorted once."""
        found: Ids = self._unwanted  # type: ignore[attr-defined]
        return found


class _FoundSvd(Svd):
    def candidates(self, query: Query, n: int) -> Candidates:
        return query.ahead[self.name] if isinstance(query, Found) else super().candidates(query, n)

    def listener(self, query: Query) -> FoldIn:
        return query.listener if isinstance(query, Found) else super().listener(query)


class _FoundKnn(Knn):
    def candidates(self, query: Query, n: int) -> Candidates:
        ahead = query.ahead.get(self.name) if isinstance(query, Found) else None
        return super().candidates(query, n) if ahead is None else ahead


class BatchEngine(Engine):
    """An engine that takes from a `Found` query what it brings along."""

    _svd_source = _FoundSvd
    _knn_source = _FoundKnn


def sounds_like(knn: Knn, queries: Sequence[Found], silenced: Scores, n: int) -> None:
    """Let queries bring along the songs nearest to their seeds' mean, as `Knn.candidates` has them.

    Parameters
    ----------
    silenced
        By position of the index, 0, or -inf where a song may not be recommended.
    """
    index = knn.index
    means = np.array([index.mean(knn.usable(query)) for query in queries], np.float64)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    means = means / np.where(lengths > 0, lengths, 1)
    places = [index.positions(query.unwanted) for query in queries]
    places = [one[one >= 0] for one in places]
    starts = np.cumsum([0, *(len(one) for one in places)])
    hidden = Hidden(starts.astype(np.int64), np.concatenate(places))
    zeros = np.zeros(len(queries), np.float32)
    near, rough = scan(
        means.astype(np.float32), index.vectors, (silenced, zeros), hidden, n + _MORE
    )
    exact = _exact(index, means, near)
    for row, query in enumerate(queries):
        found = near[row] >= 0
        if not lengths[row]:
            query.ahead["knn"] = Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
        elif not found[-1] or rough[row, -1] < rough[row, n - 1] - ROUNDING:
            places_, cosines = near[row][found], exact[row][found]
            best = np.lexsort((places_, -cosines))[:n]
            query.ahead["knn"] = Candidates(index.song_ids[places_[best]], cosines[best])
        # Else more songs than were scanned for are as near as the last one: each is looked at.


def _exact(index: KnnIndex, means: NDArray[Any], near: Ids) -> Scores:
    """Cosines added up coordinate by coordinate, as `KnnIndex.query` does; (b, n)."""
    exact = np.zeros(near.shape)
    for coordinate, row in zip(means.T, index.vectors, strict=True):
        exact += coordinate[:, None] * row[np.maximum(near, 0)].astype(np.float64)
    return np.clip(exact, -1, 1).astype(np.float32)
