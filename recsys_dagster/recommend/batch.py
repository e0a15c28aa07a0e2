"""Recommendations for all listeners: what one request gives each of them, many at a time.

Listeners are taken a block at a time, whose common work is done at once; see `found`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.scan import ItemLists
from recsys_dagster.models.svd.folding_all import fold_in_all
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.found import BatchEngine
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.packing import Histories
from recsys_dagster.recommend.ranked import Ranked
from recsys_dagster.recommend.ranker import Rankers
from recsys_dagster.recommend.sources import Ids, Query, Scores
from recsys_dagster.side_by_side import side_by_side

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
    if n < 1 or threads < 1:
        raise RecsysError(f"n and threads must be 1 or more; got {n} and {threads}.")
    return _blocks(Batch(engine, histories, method, n), threads, progress)


def _blocks(batch: "Batch", threads: int, progress: Progress) -> Iterator[Block]:
    users = len(batch.histories.users)
    with progress.task("Recommending", users) as task:
        for block in side_by_side(batch.block, range(count_blocks(users)), threads):
            task.advance(len(block.listeners))
            yield block


def count_blocks(users: int) -> int:
    """How many blocks so many listeners are."""
    return -(-users // BLOCK)


class Batch:
    """What all blocks share; see `recommend_all` for parameters and errors.

    Any block can be asked for by itself, in any order and from several threads. Who does so limits
    matrix products to one thread: of more, the sums are others in the last place.
    """

    def __init__(self, engine: Engine, histories: Histories, method: str, n: int) -> None:
        if method not in BATCH_METHODS:
            raise RecsysError(f"There is no batch by {method!r:.40}; there are {BATCH_METHODS}.")
        self.histories = histories
        self._method, self._n = method, n
        self._engine = BatchEngine(engine.models, Rankers.alike(engine.rankers.history))
        self._depth = max(self._engine.rankers.history.candidates, n)

    def block(self, number: int) -> Block:
        """Recommend for the listeners of a block, the first of which has the number 0."""
        first = number * BLOCK
        listeners = np.arange(first, min(first + BLOCK, len(self.histories.users)))
        starts, songs, ratings = self._part(listeners)
        if self._method == "svd":
            bias, factors = fold_in_all(self._engine.models.svd, starts, songs, ratings)
            hidden = ItemLists(starts, songs)
            return _all_by_svd(listeners, *self._engine.by_taste(hidden, bias, factors, self._n))
        queries = self._engine.bring_along(_queries(starts, songs, ratings), self._depth)
        ranked = [self._engine.rank(self._method, query, self._n) for query in queries]
        return _joined(listeners, ranked, self._n)

    def _part(self, listeners: Ids) -> tuple[Ids, Ids, Scores]:
        """Where the listeners' songs begin, the songs, and their ratings."""
        first, last = listeners[0], listeners[-1]
        whole = np.asarray(self.histories.starts[first : last + 2]).astype(np.int64)
        part = slice(int(whole[0]), int(whole[-1]))
        songs = np.asarray(self.histories.songs[part]).astype(np.int64)
        return whole - whole[0], songs, np.log1p(self.histories.plays[part]).astype(np.float32)


def _queries(starts: Ids, songs: Ids, ratings: Scores) -> list[Query]:
    """The listeners' whole histories, the most played songs first."""
    found = []
    for row in range(len(starts) - 1):
        part = slice(starts[row], starts[row + 1])
        order = np.lexsort((songs[part], -ratings[part]))
        found.append(Query(songs[part][order], ratings[part][order]))
    return found


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
