from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys_dagster.evaluation import protocol
from recsys_dagster.evaluation.beyond import OVER_ALL
from recsys_dagster.evaluation.document import summarise
from recsys_dagster.evaluation.metrics import ACCURACY_NAMES, CUTOFFS
from recsys_dagster.evaluation.protocol import Case, HeldOut, make_cases
from recsys_dagster.evaluation.trial import NAMES, RANDOM, run_trial
from recsys_dagster.progress import Task
from recsys_dagster.recommend.engine import METHODS, Engine, Ranked
from recsys_dagster.recommend.sources import Query
from recsys_dagster_tests import worlds

NOTHING = np.empty(0, np.int64)


def evaluate(engine: Engine, held_out: HeldOut, rng: int = 0) -> dict[str, Any]:
    return summarise(run_trial(engine, held_out, rng=rng), "svd")


def songs_of(held_out: HeldOut, part: Any, user: int) -> set[int]:
    return {int(held_out.songs[one]) for one in part if held_out.users[one] == user}


def test_cases_are_what_the_parts_say(held_out: HeldOut) -> None:
    cases = {case.relevant.tobytes(): case for case in make_cases(held_out)}
    measured = 0
    for user in np.unique(held_out.users):
        train, valid, test = (
            songs_of(held_out, part, user)
            for part in (held_out.train, held_out.valid, held_out.test)
        )
        if train and test:
            measured += 1
            case = cases[np.array(sorted(test), np.int64).tobytes()]
            assert set(case.query.exclude.tolist()) == train | valid
            assert set(case.query.seeds.tolist()) <= train
            assert len(case.query.seeds) == min(5, len(train))
            assert case.query.ratings is None
            plays = {
                int(held_out.songs[one]): held_out.plays[one]
                for one in held_out.train
                if held_out.users[one] == user
            }
            assert case.query.seeds.tolist() == sorted(plays, key=lambda s: (-plays[s], s))[:5]
    assert measured == len(make_cases(held_out)) > 30


def known(case: Case) -> set[int]:
    return {*case.query.seeds.tolist(), *case.query.exclude.tolist()}


def test_nothing_known_is_an_answer(held_out: HeldOut) -> None:
    for case in make_cases(held_out):
        assert not set(case.relevant.tolist()) & known(case)


def test_listeners_who_cannot_be_measured_are_left_out() -> None:
    users, songs = np.array([0, 0, 1, 1, 2, 3, 3]), np.array([0, 1, 0, 1, 2, 0, 2])
    parts = (np.array([0, 2, 5]), np.array([6]), np.array([1, 4]))
    cases = make_cases(HeldOut(users, songs, np.ones(7, np.int64), *parts))
    assert [case.relevant.tolist() for case in cases] == [[1]]
    assert make_cases(HeldOut(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)) == []


def test_of_many_listeners_a_sample_is_drawn(
    held_out: HeldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone = [case.relevant.tolist() for case in make_cases(held_out)]
    monkeypatch.setattr(protocol, "MAX_LISTENERS", 7)
    drawn = [[case.relevant.tolist() for case in make_cases(held_out, seed)] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 7
    assert drawn[0] == [one for one in everyone if one in drawn[0]]


class Watched(Engine):
    """Notes every question and ranking."""

    def __init__(self, engine: Engine) -> None:
        self.__dict__.update(engine.__dict__)
        self.seen: list[tuple[str, Query, list[int]]] = []

    def rank(self, method: str, query: Query, n: int) -> Ranked:
        ranked = super().rank(method, query, n)
        self.seen.append((method, query, ranked.ids.tolist()))
        return ranked


def test_every_method_gets_the_same_question_and_leaves_out_the_same(
    engine: Engine, held_out: HeldOut
) -> None:
    watched = Watched(engine)
    trial = run_trial(watched, held_out)
    cases = make_cases(held_out)
    assert len(watched.seen) == len(METHODS) * len(cases)
    assert list(trial.lists) == [*METHODS, RANDOM]
    for number, case in enumerate(cases):
        asked = watched.seen[number * len(METHODS) : (number + 1) * len(METHODS)]
        assert [method for method, _, _ in asked] == list(METHODS)
        assert all(query.seeds.tolist() == case.query.seeds.tolist() for _, query, _ in asked)
        assert all(query.exclude.tolist() == case.query.exclude.tolist() for _, query, _ in asked)
        lists = {name: [int(song) for song in rows[number] if song >= 0]
                 for name, rows in trial.lists.items()}  # fmt: skip
        assert all(lists[method] == ranked for method, _, ranked in asked)
        unwanted = known(case) | set(np.flatnonzero(~engine.available))
        assert not any(unwanted & set(ranked) for ranked in lists.values())
        assert all(len(one) == len(set(one)) <= max(CUTOFFS) for one in lists.values())


def test_the_document(engine: Engine, held_out: HeldOut) -> None:
    found = evaluate(engine, held_out)
    assert evaluate(engine, held_out) == found
    assert set(found["methods"]) == {*METHODS, "random"}
    about = found["protocol"]
    assert about["listeners"] == len(make_cases(held_out))
    assert about["train_share"] + about["valid_share"] + about["test_share"] == pytest.approx(1)
    assert (about["seeds"], about["cutoffs"]) == (5, [5, 10, 20])
    svd = found["methods"]["svd"]
    assert all(0 < svd[name] <= 1 for name in ACCURACY_NAMES)


def test_models_beat_chance_and_sound_says_something(engine: Engine, held_out: HeldOut) -> None:
    ndcg = {name: row["ndcg@20"] for name, row in evaluate(engine, held_out)["methods"].items()}
    assert min(ndcg["svd"], ndcg["knn"], ndcg["hybrid"]) > 1.3 * ndcg["random"]


def expected_by_chance(engine: Engine, held_out: HeldOut) -> float:
    shares = [
        len(case.relevant) / (engine.available.sum() - len(known(case)))
        for case in make_cases(held_out)
    ]
    return float(np.mean(shares))


def test_random_order_finds_what_chance_finds(engine: Engine, held_out: HeldOut) -> None:
    found = [
        evaluate(engine, held_out, rng=seed)["methods"]["random"]["precision@20"]
        for seed in range(4)
    ]
    assert len(set(found)) > 1
    assert np.mean(found) == pytest.approx(expected_by_chance(engine, held_out), abs=0.012)


def test_what_cannot_be_measured_is_none(engine: Engine, held_out: HeldOut) -> None:
    found = evaluate(engine, replace(held_out, test=NOTHING))
    assert found["protocol"]["listeners"] == 0
    for row in found["methods"].values():
        assert set(row.values()) == {None}
        assert set(row) == {*NAMES, *OVER_ALL}
    assert set(found["reasons"]["methods"]["svd"]) == set(found["methods"]["svd"])


def test_silent_listeners_count_as_missed(world: worlds.World, held_out: HeldOut) -> None:
    """Where a method finds nothing it is not left out of the mean."""
    deaf = worlds.make(replace(world.shape, silent=tuple(range(world.shape.songs))))
    found = evaluate(worlds.engine_of(deaf, held_out), held_out)
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


def test_progress_is_told(engine: Engine, held_out: HeldOut) -> None:
    progress = Counting()
    run_trial(engine, held_out, progress=progress)
    assert progress.steps == progress.total == len(make_cases(held_out))
