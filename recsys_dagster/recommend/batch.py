"""Recommendations for all listeners: what one request gives each of them, many at a time.

What is the same work for every listener (folding in, and the scans over the factors and over the
sound) is done for a block of them by matrix products; the rest is the engine's own code, one
listener at a time, over models that are looked into by compiled loops.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.item_looking import CompiledItemKnn
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.models.ranking.walking import CompiledTrees
from recsys_dagster.models.scan import Hidden, scan
from recsys_dagster.models.svd.folding import FoldIn
from recsys_dagster.models.svd.folding_all import fold_in_all
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.engine import PARTS, Engine, Ranked
from recsys_dagster.recommend.found import BatchEngine, Found, sounds_like
from recsys_dagster.recommend.packing import Histories
from recsys_dagster.recommend.ranker import Learned, Rankers
from recsys_dagster.recommend.sources import Candidates, Ids, Scores

BATCH_METHODS = ("hybrid", "svd")
BLOCK = 256
"""Listeners at a time: enough that the products of their vectors go at full speed."""


@dataclass(frozen=True, slots=True)
class Block:
    """What some listeners are recommended, best first.

    Attributes
    ----------
    listeners
        Their positions in `Histories.users`, (b,).
    ids, scores
        (b, n) int64 and float32; -1 and NaN where a listener gets fewer songs.
    sources
        (b, n) int8, which of `PARTS` weighs most in the score; -1 where there is no song.
    """

    listeners: Ids
    ids: Ids
    scores: Scores
    sources: NDArray[np.int8]


def recommend_all(
    engine: Engine,
    histories: Histories,
    *,
    method: str = "hybrid",
    n: int = 10,
    threads: int = 2,
    progress: Progress = SILENT,
) -> Iterator[Block]:
    """Recommend songs for every listener, in their order.

    The songs are those that `engine.rank(method, query, n)` gives for a listener's whole history,
    but that scores which are equal but for rounding may change places. All songs are scored, also
    where single requests look at a shortlist. While blocks come, matrix products of this process
    stay on one thread each.

    Parameters
    ----------
    engine
        What recommends.
    histories
        Who played what; songs already played do not come back.
    method
        `hybrid`, or `svd` for the factorisation alone.
    n
        How many songs each, at least 1.
    threads
        How many blocks are worked on side by side; what comes does not depend on it.

    Yields
    ------
    Block
        At most `BLOCK` listeners.

    Raises
    ------
    RecsysError
        The method is none of these, or `n` or `threads` is below 1.
    """
    if method not in BATCH_METHODS:
        raise RecsysError(f"There is no batch by {method!r:.40}; there are {BATCH_METHODS}.")
    if n < 1 or threads < 1:
        raise RecsysError(f"n and threads must be 1 or more; got {n} and {threads}.")
    return _blocks(_Batch(engine, histories, method, n), threads, progress)


def _blocks(batch: "_Batch", threads: int, progress: Progress) -> Iterator[Block]:
    users = len(batch.histories.users)
    starts = iter(range(0, users, BLOCK))
    waiting: deque[Future[Block]] = deque()
    with (
        threadpool_limits(1, "blas"),
        progress.task("Recommending", users) as task,
        ThreadPoolExecutor(threads) as pool,
    ):
        try:
            for start in starts:
                waiting.append(
                    pool.submit(batch.block, np.arange(start, min(start + BLOCK, users)))
                )
                if len(waiting) > threads:
                    task.advance(BLOCK)
                    yield waiting.popleft().result()
            while waiting:
                block = waiting.popleft().result()
                task.advance(len(block.listeners))
                yield block
        finally:
            pool.shutdown(cancel_futures=True)


class _Batch:
    """What all blocks share."""

    def __init__(self, engine: Engine, histories: Histories, method: str, n: int) -> None:
        self.histories = histories
        self._method, self._n = method, n
        self._engine = _compiled(engine)
        ranker = self._engine.rankers.history
        self._asked = ranker.sources if method == "hybrid" else ("svd",)
        self._depth = max(ranker.candidates, n) if method == "hybrid" else n
        unavailable = np.where(engine.available, np.float32(0), np.float32(-np.inf))
        self._item_offsets = self._engine.models.svd.item_bias + unavailable
        self._silenced = unavailable[self._engine.models.knn.song_ids]

    def block(self, listeners: Ids) -> Block:
        """Recommend for some listeners, whose positions follow each other."""
        model = self._engine.models.svd
        starts, songs = self._part(listeners)
        ratings = np.log1p(self.histories.plays[self._slice(listeners)]).astype(np.float32)
        bias, factors = fold_in_all(model, starts, songs, ratings)
        n = self._depth if "svd" in self._asked else 0
        ids, scores = self._taste(Hidden(starts, songs), bias, factors, n)
        if self._method == "svd":
            return _all_by_svd(listeners, ids, scores)
        queries = self._queries(listeners, starts, songs, ratings)
        for row, query in enumerate(queries):
            query.fold_in(FoldIn(float(bias[row]), factors[row], _NO_PARTS))
            query.ahead["svd"] = _candidates(ids[row], scores[row])
        if "knn" in self._asked and len(self._engine.knn.index):
            sounds_like(self._engine.knn, queries, self._silenced, self._depth)
        ranked = [self._engine.rank(self._method, query, self._n) for query in queries]
        return _joined(listeners, ranked, self._n)

    def _slice(self, listeners: Ids) -> slice:
        starts = self.histories.starts
        return slice(int(starts[listeners[0]]), int(starts[listeners[-1] + 1]))

    def _part(self, listeners: Ids) -> tuple[Ids, Ids]:
        """Where the listeners' songs begin, and the songs."""
        part, starts = self._slice(listeners), self.histories.starts
        whole = np.asarray(starts[listeners[0] : listeners[-1] + 2]) - part.start
        return whole.astype(np.int64), np.asarray(self.histories.songs[part]).astype(np.int64)

    def _taste(self, hidden: Hidden, bias: Scores, factors: Scores, n: int) -> tuple[Ids, Scores]:
        """The `n` songs with the highest predicted rating, as `Svd` has them."""
        if n == 0:
            return np.empty((len(bias), 0), np.int64), np.empty((len(bias), 0), np.float32)
        model = self._engine.models.svd
        base = (np.float64(model.mean) + bias).astype(np.float32)
        offsets = self._item_offsets, base
        return scan(factors, model.item_factors.T, offsets, hidden, n)

    def _queries(self, listeners: Ids, starts: Ids, songs: Ids, ratings: Scores) -> list[Found]:
        """The listeners' whole histories, the most played songs first."""
        found = []
        for row in range(len(listeners)):
            part = slice(starts[row], starts[row + 1])
            order = np.lexsort((songs[part], -ratings[part]))
            found.append(Found(songs[part][order], ratings[part][order]))
        return found


_NO_PARTS = np.empty((0, 0), np.float32)


def _compiled(engine: Engine) -> BatchEngine:
    """The same engine over models that compiled loops look into, and that are no memory maps."""
    models, ranker = engine.models, engine.rankers.history
    svd = replace(models.svd, item_bias=np.asarray(models.svd.item_bias),
                  item_factors=np.asarray(models.svd.item_factors))  # fmt: skip
    knn = replace(models.knn, song_ids=np.asarray(models.knn.song_ids),
                  vectors=np.asarray(models.knn.vectors),
                  lengths=np.asarray(models.knn.lengths))  # fmt: skip
    items = None if models.items is None else CompiledItemKnn.of(models.items)
    if isinstance(ranker, Learned):
        ranker = replace(ranker, models=tuple(
            CompiledTrees.of(one) if isinstance(one, Trees) else one for one in ranker.models
        ))  # fmt: skip
    swift = replace(models, svd=svd, knn=knn, items=items, artists=np.asarray(models.artists),
                    available=engine.available)  # fmt: skip
    return BatchEngine(swift, Rankers.alike(ranker))


def _candidates(ids: Ids, scores: Scores) -> Candidates:
    found = ids >= 0
    return Candidates(ids[found], scores[found])


def _all_by_svd(listeners: Ids, ids: Ids, scores: Scores) -> Block:
    sources = np.where(ids >= 0, PARTS.index("svd"), -1).astype(np.int8)
    return Block(listeners, ids, scores, sources)


def _joined(listeners: Ids, ranked: list[Ranked], n: int) -> Block:
    size = len(listeners), n
    ids, scores = np.full(size, -1, np.int64), np.full(size, np.nan, np.float32)
    sources = np.full(size, -1, np.int8)
    for row, one in enumerate(ranked):
        found = slice(len(one.ids))
        ids[row, found], scores[row, found] = one.ids, one.scores
        sources[row, found] = _strongest(one)
    return Block(listeners, ids, scores, sources)


def _strongest(ranked: Ranked) -> NDArray[np.int8]:
    """The source that weighs most, of equals the first by name; see `Ranked.sources`."""
    names = sorted(ranked.by_source)
    added = np.array([ranked.by_source[name] for name in names])
    numbers = np.array([PARTS.index(name) for name in names], np.int8)
    return numbers[added.argmax(axis=0)] if len(ranked.ids) else numbers[:0]
