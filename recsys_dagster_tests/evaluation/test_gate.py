from dataclasses import replace
from typing import Any

import pytest

from recsys_dagster.evaluation.ablations import ablate
from recsys_dagster.evaluation.document import summarise
from recsys_dagster.evaluation.gate import judge
from recsys_dagster.evaluation.groups import group_figures
from recsys_dagster.evaluation.model_card import write_card
from recsys_dagster.evaluation.protocol import HeldOut
from recsys_dagster.evaluation.trial import run_trial
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.ranker import Ranker
from recsys_dagster_tests import worlds


def evaluation(
    mean: float | None, interval: list[float] | None, listeners: int = 200
) -> dict[str, Any]:
    return {
        "best_part": "svd",
        "protocol": {"listeners": listeners},
        "differences": {"svd": {"ndcg@10": {"mean": mean, "interval": interval}}},
    }


@pytest.mark.parametrize(("mean", "interval", "passed", "words"), [
    (0.02, [0.01, 0.03], True, "better than all of its parts"),
    (0.002, [-0.004, 0.007], True, "not shown to be worse"),
    (-0.01, [-0.03, 0.0], True, "not shown to be worse"),
    (-0.02, [-0.03, -0.001], False, "is worse than one of its parts"),
    (0.3, None, True, "Not measurable"),
])  # fmt: skip
def test_only_a_hybrid_that_is_surely_worse_is_refused(
    mean: float, interval: list[float] | None, passed: bool, words: str
) -> None:
    found = judge(evaluation(mean, interval))
    assert found.passed is passed
    assert words in found.words
    assert "200 listeners" in found.words


def test_it_is_said_that_few_listeners_show_little() -> None:
    few, many = (judge(evaluation(0.0, [-0.1, 0.1], count)).words for count in (6, 100))
    assert "6 listeners" in few
    assert "only large differences" in few
    assert "only large" not in many


def test_an_evaluation_of_before_is_passed() -> None:
    assert judge({"methods": {}}).passed


def test_a_hybrid_spoiled_by_sound_is_refused(world: worlds.World, held_out: HeldOut) -> None:
    """Not made up figures, but a ranking that is worse than one of its sources."""
    spoiled = worlds.engine_of(world, held_out, Ranker({"popular": 1.0, "svd": 0.001}))
    trial = run_trial(spoiled, held_out)
    best = max(("svd", "knn"), key=lambda name: trial.figures[name][:, 1].mean())
    assert not judge(summarise(trial, best)).passed


def card(engine: Engine, held_out: HeldOut) -> str:
    trial = run_trial(engine, held_out)
    ablations = ablate(trial, lambda _: engine, engine.ranker)
    document = {
        **summarise(trial, "svd"), "groups": group_figures(trial), "ablations": ablations,
    }  # fmt: skip
    return write_card(document, {"songs": 1_200, "hash of songs": "ab12"}, {"svd factors": 4})


def test_the_card_says_what_and_how_sure(engine: Engine, held_out: HeldOut) -> None:
    text = card(engine, held_out)
    for words in ("- songs: 1,200", "- hash of songs: ab12", "- svd factors: 4", "- numpy: ",
                  "listener-song pairs", "1,000 draws", "the intervals are wide",
                  "| activity: low |", "| -svd |", "| shuffled |"):  # fmt: skip
        assert words in text
    assert text == card(engine, held_out)


def test_a_card_with_nothing_measured(engine: Engine, held_out: HeldOut) -> None:
    text = card(engine, replace(held_out, test=held_out.test[:0]))
    assert "0 listeners" in text
    assert "not measurable" in text
