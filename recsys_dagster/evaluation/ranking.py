"""Ranking: the lists of songs that are asked for in many cases, a block of cases at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Protocol

import numpy as np

from recsys_dagster.evaluation.cases import Case
from recsys_dagster.evaluation.metrics import CUTOFFS
from recsys_dagster.evaluation.pairs import NO_SONG, Ints
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.baselines import SEED_NEIGHBOURS
from recsys_dagster.recommend.batch import BLOCK
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.found import BatchEngine
from recsys_dagster.recommend.ranker import Rankers
from recsys_dagster.recommend.sources import Query
from recsys_dagster.side_by_side import side_by_side

DEPTH = max(CUTOFFS)
_AHEAD = max(SEED_NEIGHBOURS, DEPTH)
"""How many songs queries bring along: as many as any method or ranker asks of a source."""

EngineOf = Callable[[Case], Engine]
Ask = tuple[str, Callable[[Rankers], Rankers]]
"""A method, and by which rankers in the place of the engine's own."""


class Ranking(Protocol):
    """Makes lists, on this machine or on a cluster."""

    def __call__(
        self,
        engine_of: EngineOf,
        cases: Sequence[Case],
        asks: Mapping[str, Ask],
        progress: Progress = SILENT,
    ) -> dict[str, Ints]:
        """What is recommended.

        Parameters
        ----------
        engine_of
            Gives a case the engine that has not seen its listener, nor anything after the cut.
        cases
            What is asked, (n,).
        asks
            By name, whom every case is asked of.

        Returns
        -------
        By name, (n, `DEPTH`) song ids, `NO_SONG` where a list is shorter. Each list is what the
        engine gives that case alone, but that scores which are equal but for rounding may change
        places.
        """


def own(rankers: Rankers) -> Rankers:
    """Those that the engine has."""
    return rankers


def by_method(methods: Sequence[str]) -> dict[str, Ask]:
    """Each method by the engine's own rankers."""
    return {method: (method, own) for method in methods}


def rank_here(
    engine_of: EngineOf,
    cases: Sequence[Case],
    asks: Mapping[str, Ask],
    progress: Progress = SILENT,
) -> dict[str, Ints]:
    """The `Ranking` of one machine."""
    lists = {name: no_lists(len(cases)) for name in asks}
    blocks = list(blocks_of(engine_of, cases))

    def rank(block: slice) -> dict[str, Ints]:
        engines = [engine_of(case) for case in cases[block]]
        asked = {
            name: (method, [change(engine.rankers) for engine in engines])
            for name, (method, change) in asks.items()
        }
        return rank_block(engines[0], [case.query for case in cases[block]], asked)

    with progress.task("Evaluating", len(cases)) as task:
        for block, found in zip(blocks, side_by_side(rank, blocks), strict=True):
            for name, part in found.items():
                lists[name][block] = part
            task.advance(block.stop - block.start)
    return lists


def rank_block(
    engine: Engine,
    queries: Sequence[Query],
    asked: Mapping[str, tuple[str, Sequence[Rankers]]],
) -> dict[str, Ints]:
    """Lists for at most a block of queries over the models of one engine.

    Parameters
    ----------
    queries
        (b,) of one kind.
    asked
        By name, a method and the rankers for each query.

    Returns
    -------
    By name, (b, `DEPTH`).
    """
    known = engine.bring_along(queries, _AHEAD) if isinstance(engine, BatchEngine) else queries
    lists = {name: no_lists(len(queries)) for name in asked}
    every = {id(one): one for _, rankers in asked.values() for one in rankers}
    engines = {number: engine.with_rankers(one) for number, one in every.items()}
    for row, query in enumerate(known):
        for name, (method, rankers) in asked.items():
            ranked = engines[id(rankers[row])].order(method, query, DEPTH)
            lists[name][row, : len(ranked)] = ranked
    return lists


def blocks_of(engine_of: EngineOf, cases: Sequence[Case]) -> Iterator[slice]:
    """Cases that follow each other and are asked of the same models, a block at a time."""
    start = 0
    for _, group in groupby(cases, key=lambda case: id(engine_of(case).models)):
        stop = start + sum(1 for _ in group)
        for first in range(start, stop, BLOCK):
            yield slice(first, min(first + BLOCK, stop))
        start = stop


def bring_along(engine: Engine, cases: Sequence[Case]) -> Sequence[Case]:
    """The same cases, whose queries know what can be found for many of them at once.

    What is recommended for them is what it would be otherwise.

    Parameters
    ----------
    cases
        At most a block, which are asked of the models of one engine.
    """
    if not isinstance(engine, BatchEngine):
        return cases
    queries = engine.bring_along([case.query for case in cases], _AHEAD)
    return [replace(case, query=query) for case, query in zip(cases, queries, strict=True)]


def no_lists(count: int) -> Ints:
    """Lists without any song."""
    return np.full((count, DEPTH), NO_SONG, dtype=np.int64)
