"""The evaluation's lists, a block of cases in each task.

Tasks get models, rankers and cases through the data folder; models are saved once, however often
they are asked.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import polars as pl

from recsys_dagster.engines.spark.spreading import spread
from recsys_dagster.evaluation.cases import Case
from recsys_dagster.evaluation.learning import DEFAULT
from recsys_dagster.evaluation.pairs import Ints
from recsys_dagster.evaluation.ranking import (
    DEPTH,
    Ask,
    EngineOf,
    Ranking,
    blocks_of,
    no_lists,
    rank_block,
)
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.found import BatchEngine
from recsys_dagster.recommend.keeping import load_models, save_models
from recsys_dagster.recommend.ranker import Rankers
from recsys_dagster.recommend.sources import Query
from recsys_dagster.storage.atomic import make_folder, temporary_name

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_Thing = TypeVar("_Thing")
_MODELS, _RANKERS = "models", "rankers"
_LISTS = pl.Schema({"block": pl.Int64(), "name": pl.String(), "songs": pl.List(pl.Int64())})
_CASES = {
    "seeds": pl.List(pl.Int64),
    "ratings": pl.List(pl.Float32),
    "exclude": pl.List(pl.Int64),
    _RANKERS: pl.List(pl.Int64),
}
"""What tasks get of a case; the numbers of the rankers are in the order of what is asked."""


@contextmanager
def ranking_on(session: "SparkSession", scratch: Path) -> Iterator[Ranking]:
    """What `rank_here` is on one machine.

    Parameters
    ----------
    session
        Classic, or of Spark Connect.
    scratch
        A folder for temporary files, which all workers see.
    """
    folder = temporary_name(scratch / "ranking")
    make_folder(folder)
    try:
        yield _Cluster(session, folder).rank
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Cluster:
    """What tasks were handed so far."""

    def __init__(self, session: "SparkSession", folder: Path) -> None:
        self._session, self._folder = session, folder
        self._models = _Saved(folder / _MODELS, save_models)
        self._rankers = _Saved(folder / _RANKERS, Rankers.save)
        self._rooms = 0

    def rank(
        self,
        engine_of: EngineOf,
        cases: Sequence[Case],
        asks: Mapping[str, Ask],
        progress: Progress = SILENT,
    ) -> dict[str, Ints]:
        """See `Ranking`."""
        lists = {name: no_lists(len(cases)) for name in asks}
        blocks = list(blocks_of(engine_of, cases))
        room = self._hand_over([cases[block] for block in blocks], engine_of, asks)
        methods = [(name, method) for name, (method, _) in asks.items()]
        work = partial(_ranked, str(room), methods)
        with progress.task("Evaluating", len(cases)) as task:
            found = spread(self._session, len(blocks), work, _LISTS).toArrow()
            task.advance(len(cases))
        for number, name, songs in zip(*found.to_pydict().values(), strict=True):
            lists[name][blocks[number]] = np.reshape(songs, (-1, DEPTH))
        return lists

    def _hand_over(
        self, blocks: Sequence[Sequence[Case]], engine_of: EngineOf, asks: Mapping[str, Ask]
    ) -> Path:
        """Write a file of cases for each block."""
        room = self._folder / f"cases{self._rooms}"
        room.mkdir()
        self._rooms += 1

        @cache
        def rankers(engine: Engine) -> list[int]:
            return [self._rankers.number(change(engine.rankers)) for _, change in asks.values()]

        for number, cases in enumerate(blocks):
            engines = [engine_of(case) for case in cases]
            rows = [
                (query.seeds, query.ratings, query.exclude, rankers(engine))
                for query, engine in zip((case.query for case in cases), engines, strict=True)
            ]
            table = pl.DataFrame(rows, schema=_CASES, orient="row")
            models = pl.lit(self._models.number(engines[0].models)).alias(_MODELS)
            table.with_columns(models).write_parquet(room / f"{number}.parquet")
        return room


class _Saved(Generic[_Thing]):
    """Things as numbered directories, each saved once."""

    def __init__(self, folder: Path, save: Callable[[_Thing, Path], None]) -> None:
        folder.mkdir()
        self._folder, self._save = folder, save
        self._numbers: dict[int, int] = {}
        self._things: list[_Thing] = []  # kept, so that no other gets the id of one that is gone

    def number(self, thing: _Thing) -> int:
        """Its directory's number."""
        if id(thing) not in self._numbers:
            directory = self._folder / str(len(self._things))
            directory.mkdir()
            self._save(thing, directory)
            self._numbers[id(thing)] = len(self._things)
            self._things.append(thing)
        return self._numbers[id(thing)]


def _ranked(room: str, methods: Sequence[tuple[str, str]], block: int) -> pl.DataFrame:
    """The lists of a block, in a task."""
    folder = Path(room).parent
    cases = pl.read_parquet(Path(room, f"{block}.parquet"), glob=False)
    engine = _opened_engine(str(folder / _MODELS / str(cases[_MODELS][0])))
    queries = [_query(*row) for row in cases.select("seeds", "ratings", "exclude").iter_rows()]
    asked = {
        name: (method, [_opened_rankers(str(folder / _RANKERS / str(number))) for number in column])
        for (name, method), column in zip(methods, zip(*cases[_RANKERS], strict=True), strict=True)
    }
    lists = rank_block(engine, queries, asked)
    rows = [(block, name, one.ravel().tolist()) for name, one in lists.items()]
    return pl.DataFrame(rows, schema=_LISTS, orient="row")


def _query(seeds: list[int], ratings: list[float] | None, exclude: list[int]) -> Query:
    known = None if ratings is None else np.array(ratings, np.float32)
    return Query(np.array(seeds, np.int64), known, np.array(exclude, np.int64))


# Python workers do one block after the other, and blocks over the same models follow each other.
@lru_cache(maxsize=2)
def _opened_engine(directory: str) -> BatchEngine:
    return BatchEngine(load_models(Path(directory)), Rankers.alike(DEFAULT))


@lru_cache(maxsize=64)
def _opened_rankers(directory: str) -> Rankers:
    return Rankers.load(Path(directory))
