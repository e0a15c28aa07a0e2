"""Candidate sources: each knows one way to find songs for a query, and what each seed brought."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.model import SvdModel

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]

AUDIO_SEEDS = 5
"""Of a whole history, the most played songs that the audio sources look at: the mean of more is
like nothing in particular."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a recommendation is asked for.

    Attributes
    ----------
    seeds
        Song ids, shape (s,), the most important first.
    ratings
        log1p play counts of the seeds, shape (s,), or `None`: all are liked alike.
    exclude
        Ids of songs that must not be recommended; the seeds never are.
    """

    seeds: Ids
    ratings: Scores | None = None
    exclude: Ids = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def unwanted(self) -> Ids:
        """All ids that must not come back."""
        return np.union1d(self.seeds, self.exclude)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Songs and their scores, best first, shape (n,) each."""

    ids: Ids
    scores: Scores


class Source(Protocol):
    """A way to find songs."""

    name: str

    def candidates(self, query: Query, n: int) -> Candidates:
        """The best `n` songs, or fewer where there are no more; none that is unwanted."""

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """What each seed added to the songs' scores, shape (n, s); at least 0."""


def top(scores: Scores, n: int) -> Candidates:
    """The `n` highest finite scores; of equals the lower id first."""
    n = min(n, int(np.isfinite(scores).sum()))
    if n < 1:
        return Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
    border = np.partition(scores, len(scores) - n)[len(scores) - n]
    near = np.flatnonzero(scores >= border)
    best = near[np.lexsort((near, -scores[near]))][:n]
    return Candidates(best.astype(np.int64), scores[best].astype(np.float32))


class Svd:
    """The factorisation: the seeds are folded in as a new listener."""

    name = "svd"

    def __init__(self, model: SvdModel, available: NDArray[np.bool_]) -> None:
        self.model = model
        self._available = available

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by predicted rating; see `Source`."""
        listener = self.model.fold_in(query.seeds, query.ratings)
        scores = np.where(
            self._available, self.model.scores(listener.factors, listener.bias), np.float32(-np.inf)
        )
        scores[query.unwanted] = -np.inf
        return top(scores, n)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """Each seed's part of p_u·q_i, where it speaks for the song."""
        parts = self.model.fold_in(query.seeds, query.ratings).parts[:, :-1]
        return np.asarray(np.maximum(self.model.item_factors[ids] @ parts.T, 0))


class Items:
    """Songs that are played by the listeners of the seeds: item-item neighbours."""

    name = "items"

    def __init__(self, model: ItemKnn, available: NDArray[np.bool_]) -> None:
        self.model = model
        self._available = available

    def _weights(self, query: Query) -> Scores | None:
        """How much each seed counts, as a listen does in training; see `ItemKnnConfig`."""
        exponent = np.float32(self.model.config.play_exponent)
        return None if query.ratings is None else query.ratings**exponent

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by the sum of their nearness to the seeds; see `Source`."""
        ids, scores = self.model.found(query.seeds, self._weights(query))
        wanted = self._available[ids] & ~np.isin(ids, query.unwanted)
        best = top(np.where(wanted, scores, np.float32(-np.inf)), n)
        return Candidates(ids[best.ids], best.scores)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """How near each seed is to the songs."""
        return self.model.contributions(query.seeds, ids, self._weights(query))


class Knn:
    """Songs that sound like the seeds' mean."""

    name = "knn"

    def __init__(self, index: KnnIndex, unavailable: Ids) -> None:
        self.index = index
        self._unavailable = unavailable

    def usable(self, query: Query) -> Ids:
        """The seeds that have audio features; of a whole history, the most played of them."""
        known = query.seeds[self.index.positions(query.seeds) >= 0]
        return known if query.ratings is None else known[:AUDIO_SEEDS]

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by cosine; none when no seed has audio features. See `Source`."""
        exclude = np.union1d(query.unwanted, self._unavailable)
        ids, cosines = self.index.query_mean(self.usable(query), n, exclude)
        return Candidates(ids, cosines)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """Cosine with each seed that the mean was taken of, where it is above 0."""
        cosines = self.index.similarity(ids, query.seeds)
        counted = np.isin(query.seeds, self.usable(query))
        return np.where(counted, np.maximum(np.nan_to_num(cosines), 0), 0)


class Popular:
    """The most played songs.

    Attributes
    ----------
    plays
        (n_songs,) float32, -inf for songs that may not be recommended.
    """

    name = "popular"

    def __init__(self, plays: NDArray[np.int64], available: NDArray[np.bool_]) -> None:
        self.plays = np.where(available, plays, -np.inf).astype(np.float32)

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by play count; see `Source`."""
        scores = self.plays.copy()
        scores[query.unwanted] = -np.inf
        return top(scores, n)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """Nothing: the seeds have no say."""
        return np.zeros((len(ids), len(query.seeds)))
