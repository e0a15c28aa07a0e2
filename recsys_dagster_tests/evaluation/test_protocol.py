import doctest
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys_dagster.evaluation import protocol as module
from recsys_dagster.evaluation.beyond import OVER_ALL
from recsys_dagster.evaluation.cases import Case, cold_cases, known_cases, stranger_cases
from recsys_dagster.evaluation.document import summarise
from recsys_dagster.evaluation.metrics import ACCURACY_NAMES, CUTOFFS
from recsys_dagster.evaluation.protocol import (
    COLD,
    KNOWN,
    STRANGERS,
    describe_protocol,
    describe_task,
)
from recsys_dagster.evaluation.ranking import EngineOf, by_method, rank_here
from recsys_dagster.evaluation.split import Split
from recsys_dagster.evaluation.trial import (
    NAMES,
    RANDOM,
    Audience,
    Trial,
    run_trial,
)
from recsys_dagster.progress import Task
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.methods import METHODS
from recsys_dagster.recommend.ranker import Fusion
from recsys_dagster.recommend.sources import Ids, Query
from recsys_dagster_tests import worlds


def again(trial: Trial, engine_of: EngineOf, **settings: Any) -> Trial:
    return run_trial(
        engine_of, trial.cases, trial.audience, trial.available, trial.catalogue, **settings
    )


def test_the_examples_run() -> None:
    found = doctest.testmod(module)
    assert found.failed == 0
    assert found.attempted > 0


class Watched(Engine):
    """Notes every question and ranking."""

    def __init__(self, engine: Engine, seen: list[tuple[str, Query, list[int]]]) -> None:
        self.__dict__.update(engine.__dict__)
        self.seen = seen

    def order(self, method: str, query: Query, n: int) -> Ids:
        ids = super().order(method, query, n)
        self.seen.append((method, query, ids.tolist()))
        return ids


@pytest.mark.parametrize("task", [STRANGERS, KNOWN, COLD])
def test_every_method_gets_the_same_question_and_leaves_out_the_same(
    world: worlds.World, split: Split, engine_of: EngineOf, task: str
) -> None:
    asked_for = {
        STRANGERS: stranger_cases(split, 5),
        KNOWN: known_cases(split),
        COLD: cold_cases(split, np.arange(world.shape.songs) % 10 == 3),
    }
    seen: list[tuple[str, Query, list[int]]] = []
    cases, songs = asked_for[task], worlds.available(world)
    trial = run_trial(
        lambda case: Watched(engine_of(case), seen), cases,
        Audience.of(split, world.shape.songs), songs,
    )  # fmt: skip
    assert len(seen) == len(METHODS) * len(cases) > 0
    assert list(trial.lists) == [*METHODS, RANDOM]
    for number, case in enumerate(cases):
        asked = [one for one in seen if one[1] is case.query]  # of two blocks side by side
        assert [method for method, _, _ in asked] == list(METHODS)
        lists = {name: [int(song) for song in rows[number] if song >= 0]
                 for name, rows in trial.lists.items()}  # fmt: skip
        assert all(lists[method] == ranked for method, _, ranked in asked)
        unwanted = set(case.query.unwanted.tolist()) | set(np.flatnonzero(~songs).tolist())
        assert not any(unwanted & set(ranked) for ranked in lists.values())
        assert all(len(one) == len(set(one)) <= max(CUTOFFS) for one in lists.values())
        assert len(lists[RANDOM]) == max(CUTOFFS)


def test_a_method_alone_gives_the_lists_of_the_trial(trial: Trial, engine_of: EngineOf) -> None:
    for method in METHODS:
        assert (
            rank_here(engine_of, trial.cases, by_method([method]))[method] == trial.lists[method]
        ).all()


def test_the_engine_of_a_case_knows_nothing_of_the_listener(
    world: worlds.World, split: Split, engine_of: EngineOf, cases: list[Case]
) -> None:
    for case in cases:
        kept = (split.fold[split.users] != case.fold) & (split.early > 0)
        expected = np.bincount(
            split.songs[kept], weights=split.early[kept], minlength=world.shape.songs
        )
        assert (engine_of(case).models.plays == expected).all()
        assert not kept[split.users == case.listener].any()


def test_the_document(document: dict[str, Any], cases: list[Case], split: Split) -> None:
    assert set(document["methods"]) == {*METHODS, RANDOM}
    about = document["protocol"]
    assert about["listeners"] == len(cases) > 30
    assert (about["seeds"], about["cutoffs"]) == (5, [5, 10, 20])
    assert (about["task"], about["timed"], about["folds"]) == (STRANGERS, True, 5)
    assert about["held_out_listeners"] == len(split.fold)
    late = split.late.sum() / (split.late.sum() + split.early.sum())
    assert about["test_share"] == pytest.approx(late, abs=1e-4)
    assert about["pairs"] == len(split.users)
    assert about["cut"] in about["description"]
    svd = document["methods"]["svd"]
    assert all(0 < svd[name] <= 1 for name in ACCURACY_NAMES)


def test_the_protocol_says_only_what_is_so(split: Split) -> None:
    untimed = replace(split, early=split.early + split.late, late=split.late * 0)
    found = describe_protocol(untimed, None, STRANGERS, 40)
    assert (found["timed"], found["test_share"]) == (False, 0)
    assert "no time to part it by" in found["description"]
    alone = replace(split, fold=np.full(len(split.fold), -1))
    found = describe_protocol(alone, "2021-03-04", KNOWN, 1)
    assert (found["folds"], found["held_out_listeners"], found["seeds"]) == (0, 0, None)
    assert "all of those are known" in found["description"]
    nothing = np.empty(0, np.int64)
    none = Split(nothing, nothing, nothing, nothing, nothing, nothing)
    assert describe_protocol(none, None, KNOWN, 0)["test_share"] == 0


@pytest.mark.parametrize(("task", "cut", "seeds", "words"), [
    (STRANGERS, "2021-03-04", 1, "the most played song from before"),
    (STRANGERS, "2021-03-04", 3, "the 3 most played songs from before"),
    (STRANGERS, None, 1, "their most played song, and the rest"),
    (KNOWN, "2021-03-04", 5, "plays before 2021-03-04 were learned from"),
    (KNOWN, None, 5, "Not measured"),
    (COLD, "2021-03-04", 5, "One song in 10 is hidden"),
])  # fmt: skip
def test_tasks_in_words(task: str, cut: str | None, seeds: int, words: str) -> None:
    assert words in describe_task(task, cut, seeds)


def test_models_beat_chance_and_sound_says_something(document: dict[str, Any]) -> None:
    ndcg = {name: row["ndcg@20"] for name, row in document["methods"].items()}
    assert min(ndcg["svd"], ndcg["items"], ndcg["knn"], ndcg["hybrid"]) > 1.3 * ndcg[RANDOM]


@pytest.mark.slow
def test_models_beat_chance_with_one_seed_without_times_and_on_known_listeners(
    world: worlds.World, split: Split, engine_of: EngineOf
) -> None:
    untimed = worlds.split_of(world, timed=False)
    for cases, engines in (
        (stranger_cases(split, 1), engine_of),
        (known_cases(split), engine_of),
        (stranger_cases(untimed, 5), worlds.engine_of(world, untimed)),
    ):
        audience = Audience.of(split, world.shape.songs)
        trial = run_trial(engines, cases, audience, worlds.available(world))
        column = NAMES.index("ndcg@20")
        found = {name: float(rows[:, column].mean()) for name, rows in trial.figures.items()}
        assert found["hybrid"] > 1.3 * found[RANDOM]


def test_random_order_finds_what_chance_finds(trial: Trial, engine_of: EngineOf) -> None:
    column = NAMES.index("precision@20")
    draws = [
        float(again(trial, engine_of, methods=(), rng=seed).figures[RANDOM][:, column].mean())
        for seed in range(6)
    ]
    assert len(set(draws)) > 1
    left = trial.available.sum() - trial.revealed.counts()
    chance = float(np.mean(trial.answers.counts() / left))
    assert np.mean(draws) == pytest.approx(chance, abs=0.012)


def test_what_cannot_be_measured_is_none(trial: Trial, engine_of: EngineOf) -> None:
    empty = run_trial(engine_of, [], trial.audience, trial.available, trial.catalogue)
    found = summarise(empty, {"listeners": 0})
    for row in found["methods"].values():
        assert set(row) == {*NAMES, *OVER_ALL}
        assert set(row.values()) == {None}
    assert set(found["reasons"]["methods"]["svd"]) == set(found["methods"]["svd"])


@pytest.mark.slow
def test_silent_listeners_count_as_missed(world: worlds.World, split: Split, trial: Trial) -> None:
    """Where a method finds nothing it is not left out of the mean."""
    deaf = worlds.make(replace(world.shape, silent=tuple(range(world.shape.songs))))
    ranker = Fusion({"svd": 1.0, "knn": 1.0})
    asked = again(trial, worlds.engine_of(deaf, split, ranker))
    found = summarise(asked, {"listeners": len(trial.cases)})
    assert {found["methods"]["knn"][name] for name in ACCURACY_NAMES} == {0.0}
    assert found["methods"]["knn"]["coverage@10"] == 0
    assert found["methods"]["knn"]["novelty@10"] is None
    assert found["reasons"]["methods"]["knn"]["novelty@10"] == "No list holds a song."
    assert found["methods"]["hybrid"] == found["methods"]["svd"]


class Counting:
    def __init__(self) -> None:
        self.total, self.steps = 0, 0

    def task(self, description: str, total: int) -> AbstractContextManager[Task]:
        assert description
        self.total = total
        return nullcontext(self)

    def advance(self, steps: int = 1, note: str = "") -> None:
        assert isinstance(note, str)
        self.steps += steps


def test_progress_is_told(trial: Trial, engine_of: EngineOf) -> None:
    progress = Counting()
    again(trial, engine_of, methods=("popular",), progress=progress)
    assert progress.steps == progress.total == len(trial.cases)
