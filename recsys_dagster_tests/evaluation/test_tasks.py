import json
from typing import Any

import numpy as np
import pytest

from recsys_dagster.evaluation.cases import cold_cases, known_cases, stranger_cases
from recsys_dagster.evaluation.document import summarise
from recsys_dagster.evaluation.ranking import EngineOf
from recsys_dagster.evaluation.split import Split
from recsys_dagster.evaluation.tasks import SHOWN, seeds_name, summarise_task, task_table
from recsys_dagster.evaluation.trial import RANDOM, Trial, run_trial
from recsys_dagster.recommend.methods import METHODS
from recsys_dagster_tests.evaluation.test_protocol import again


@pytest.fixture(scope="module")
def summary(trial: Trial) -> dict[str, Any]:
    return summarise_task(trial, "Find songs.")


def test_the_figures_are_those_of_the_document(
    summary: dict[str, Any], document: dict[str, Any]
) -> None:
    assert summary["best_part"] == document["best_part"]
    assert summary["listeners"] == document["protocol"]["listeners"]
    assert set(summary["methods"]) == set(summary["intervals"]) == {*METHODS, RANDOM}
    for method, row in summary["methods"].items():
        assert tuple(row) == SHOWN
        assert row == {name: document["methods"][method][name] for name in SHOWN}
        ends = document["intervals"][method]
        assert summary["intervals"][method] == {name: ends[name] for name in SHOWN}
    for other in (document["best_part"], "seed", "popular"):
        row = document["differences"][other]
        assert summary["differences"][other] == {name: row[name] for name in SHOWN}


def test_the_hybrid_is_compared_with_its_best_part_and_the_baselines(
    summary: dict[str, Any],
) -> None:
    assert list(summary["differences"]) == [summary["best_part"], "seed", "popular", RANDOM]
    low, _ = summary["differences"][RANDOM]["ndcg@10"]["interval"]
    assert low > 0


def test_a_method_that_was_not_asked_is_not_compared(trial: Trial, engine_of: EngineOf) -> None:
    few = again(trial, engine_of, methods=("hybrid", "svd", "popular"))
    found = summarise_task(few, "")
    assert list(found["differences"]) == [found["best_part"], "popular", RANDOM]


def test_a_task_that_nobody_can_be_asked_says_none(trial: Trial, engine_of: EngineOf) -> None:
    none = run_trial(engine_of, [], trial.audience, trial.available, trial.catalogue)
    found = summarise_task(none, "Nobody.")
    assert (found["description"], found["listeners"], found["answers"]) == ("Nobody.", 0, 0)
    assert {value for row in found["methods"].values() for value in row.values()} == {None}
    for row in found["differences"].values():
        assert row["ndcg@10"] == {"mean": None, "interval": None}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.slow
def test_every_task_goes_through_the_same_trial(
    trial: Trial, split: Split, engine_of: EngineOf
) -> None:
    cold = np.arange(len(trial.available)) % 10 == 3
    for cases in (known_cases(split), cold_cases(split, cold), stranger_cases(split, 1)):
        asked = run_trial(engine_of, cases, trial.audience, trial.available)
        found = summarise_task(asked, "")
        assert found["listeners"] == len(cases) > 0
        assert found["answers"] == sum(len(case.relevant) for case in cases)


@pytest.mark.parametrize(("seeds", "name"), [(1, "1 seed"), (3, "3 seeds"), (5, "5 seeds")])
def test_tasks_are_named_by_their_seeds(seeds: int, name: str) -> None:
    assert seeds_name(seeds) == name


def test_one_listener_has_no_intervals(trial: Trial, engine_of: EngineOf) -> None:
    one = run_trial(engine_of, trial.cases[:1], trial.audience, trial.available)
    found = summarise_task(one, "")
    assert {row["ndcg@10"] for row in found["intervals"].values()} == {None}
    assert found["methods"]["svd"] == {
        name: summarise(one, {})["methods"]["svd"][name] for name in SHOWN
    }


def test_the_table_has_a_gap_where_a_method_was_not_asked() -> None:
    def asked(listeners: int, **ndcg: float) -> dict[str, Any]:
        return {
            "listeners": listeners,
            "methods": {name: {"ndcg@10": value} for name, value in ndcg.items()},
            "intervals": {name: {"ndcg@10": [0.1, 0.9]} for name in ndcg},
        }

    found = task_table({"known": asked(1_200, hybrid=0.5, svd=0.25), "cold": asked(30, hybrid=0.2)})
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in found.split("\n")]
    assert cells[0][1:] == ["hybrid", "svd"]
    known, cold = cells[2:]
    assert (known[0], cold[0]) == ("known (1,200 listeners)", "cold (30 listeners)")
    assert [cell[:4] for cell in known[1:]] == ["0.50", "0.25"]
    assert cold[1].startswith("0.20")
    assert "".join(cold[2:]) == ""
