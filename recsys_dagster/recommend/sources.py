"""Candidate sources: each knows one way to find songs for a query, and what each seed brought."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.shortlist import Shortlist
from recsys_dagster.models.svd.folding import FoldIn
from recsys_dagster.models.svd.model import SvdModel

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]

AUDIO_SEEDS = 5
"""Of a whole history, the most played songs that the audio sources look at: the mean of more is
like nothing in particular."""
_BLOCK = 64
_FIRST = 2_000
"""The most played songs that are sorted beforehand."""


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
        """All ids that must not come back, sorted."""
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


def is_among(ids: Ids, some: Ids) -> NDArray[np.bool_]:
    """Which ids are among some, which are sorted; (n,). NumPy's `isin` sorts both each time."""
    if not len(some):
        return np.zeros(len(ids), dtype=bool)
    places = np.minimum(np.searchsorted(some, ids), len(some) - 1)
    return np.asarray(some[places] == ids)


def _units(vectors: Scores) -> Scores:
    """Rows brought to length 1; rows of zeros stay so."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


class Svd:
    """The factorisation: the seeds are folded in as a new listener.

    Attributes
    ----------
    shortlist
        Of the rows (q_i, b_i), or `None`: all songs are scored. Set for large catalogues.
    """

    name = "svd"

    def __init__(self, model: SvdModel, available: NDArray[np.bool_]) -> None:
        self.model = model
        self.shortlist: Shortlist | None = None
        self._available = available
        self._last: tuple[Query, FoldIn] | None = None

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
        listener = self.listener(query)
        base = np.float32(self.model.mean + listener.bias)
        factors, bias = self.model.item_factors[ids], self.model.item_bias[ids]
        return np.asarray(factors @ listener.factors + bias + base, dtype=np.float32)

    def cosines(self, ids: Ids, seeds: Ids) -> Scores:
        """Cosines of the factors of (n,) songs and (s,) seeds, (n, s); 0 for a song without."""
        songs, others = (_units(self.model.item_factors[some]) for some in (ids, seeds))
        return np.asarray(songs @ others.T, dtype=np.float32)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """Each seed's part of p_u·q_i, where it speaks for the song."""
        parts = self.listener(query).parts[:, :-1]
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
        wanted = self._available[ids] & ~is_among(ids, query.unwanted)
        best = top(np.where(wanted, scores, np.float32(-np.inf)), n)
        return Candidates(ids[best.ids], best.scores)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """How near each seed is to the songs."""
        return self.model.contributions(query.seeds, ids, self._weights(query))


class Knn:
    """Songs that sound like the seeds' mean.

    Attributes
    ----------
    shortlist
        Of the index's vectors, or `None`: all are compared. Set for large catalogues.
    """

    name = "knn"

    def __init__(self, index: KnnIndex, unavailable: Ids) -> None:
        self.index = index
        self.shortlist: Shortlist | None = None
        self._available = ~np.isin(index.song_ids, unavailable)

    def usable(self, query: Query) -> Ids:
        """The seeds that have audio features; of a whole history, the most played of them."""
        known = query.seeds[self.index.positions(query.seeds) >= 0]
        return known if query.ratings is None else known[:AUDIO_SEEDS]

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by cosine; none when no seed has audio features. See `Source`."""
        vector, unwanted = self.index.mean(self.usable(query)), query.unwanted
        among = self.shortlist.find(vector, n, len(unwanted)) if self.shortlist else None
        found = self._nearest(vector, n, unwanted, among)
        if among is not None and len(found.ids) < n:
            found = self._nearest(vector, n, unwanted, None)
        return found

    def _nearest(self, vector: Scores, n: int, unwanted: Ids, among: Ids | None) -> Candidates:
        available = self._available
        return Candidates(*self.index.query(vector, n, unwanted, allowed=available, among=among))

    def cosines(self, query: Query, ids: Ids) -> tuple[Scores, Scores]:
        """Cosines of (n,) songs with the seeds' mean and with the nearest seed, (n,) each.

        NaN where the song has no audio features, or no seed has.
        """
        usable = self.usable(query)
        if not len(usable) or not len(ids):
            return np.full(len(ids), np.nan, np.float32), np.full(len(ids), np.nan, np.float32)
        places = self.index.positions(usable)
        songs = self.index.vector(ids)
        mean = songs @ _units(self.index.mean(usable)[None])[0]
        return mean, (songs @ self.index.vectors[:, places]).max(axis=1)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """Cosine with each seed that the mean was taken of, where it is above 0."""
        cosines = self.index.similarity(ids, query.seeds)
        counted = np.isin(query.seeds, self.usable(query))
        return np.where(counted, np.maximum(np.nan_to_num(cosines), 0), 0)


class Popular:
    """The most played songs. Those that nobody plays are not among them.

    Attributes
    ----------
    plays
        (n_songs,) float32, -inf for songs that may not be recommended or that nobody plays.
    """

    name = "popular"

    def __init__(self, plays: NDArray[np.integer[Any]], available: NDArray[np.bool_]) -> None:
        self.plays = np.where(available & (plays > 0), plays, -np.inf).astype(np.float32)
        self._first = top(self.plays, _FIRST)

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
