from typing import Any

import pytest

from recsys_dagster.evaluation.ablations import ablate
from recsys_dagster.evaluation.cases import Case
from recsys_dagster.evaluation.document import summarise
from recsys_dagster.evaluation.gate import judge
from recsys_dagster.evaluation.groups import group_figures
from recsys_dagster.evaluation.model_card import write_card
from recsys_dagster.evaluation.protocol import STRANGERS, describe_protocol
from recsys_dagster.evaluation.ranking import EngineOf
from recsys_dagster.evaluation.split import Split
from recsys_dagster.evaluation.trial import Trial, run_trial
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.ranker import Fusion
from recsys_dagster_tests import worlds
from recsys_dagster_tests.evaluation.test_protocol import again

Interval = list[float] | None
BETTER, EQUAL, WORSE = (0.02, [0.01, 0.03]), (0.0, [-0.1, 0.1]), (-0.02, [-0.03, -0.001])


def ndcg(mean: float | None, interval: Interval) -> dict[str, Any]:
    return {"ndcg@10": {"mean": mean, "interval": interval}}


def evaluation(
    mean: float | None,
    interval: Interval,
    listeners: int = 200,
    released: tuple[float | None, Interval] | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "best_part": "svd",
        "protocol": {"listeners": listeners},
        "differences": {"svd": ndcg(mean, interval)},
        "released": None,
    }
    if released:
        found["released"] = {"release": worlds.RELEASE, "difference": ndcg(*released)}
    return found


@pytest.mark.parametrize(("mean", "interval", "passed", "words"), [
    (0.02, [0.01, 0.03], True, "The hybrid is better: its NDCG@10 less that of"),
    (0.002, [-0.004, 0.007], True, "not shown to be worse"),
    (-0.01, [-0.03, 0.0], True, "not shown to be worse"),
    (-0.02, [-0.03, -0.001], False, "The hybrid is worse: its NDCG@10 less that of"),
    (0.3, None, True, "not measurable"),
])  # fmt: skip
def test_only_a_hybrid_that_is_surely_worse_is_refused(
    mean: float, interval: Interval, passed: bool, words: str
) -> None:
    """Worse than its best part, or than the ranker of the release."""
    found = judge(evaluation(mean, interval))
    assert found.passed is passed
    assert words in found.words
    assert "200 listeners" in found.words
    assert "svd, its best part" in found.words
    assert worlds.RELEASE not in found.words
    against = judge(evaluation(*BETTER, released=(mean, interval)))
    assert against.passed is passed
    second = against.words.removeprefix(judge(evaluation(*BETTER)).words)
    assert words in second
    assert f"the ranker of release {worlds.RELEASE}" in second
    assert "200 listeners" in second


@pytest.mark.parametrize(("part", "released", "passed"), [
    (BETTER, WORSE, False),
    (WORSE, BETTER, False),
    (WORSE, WORSE, False),
    (EQUAL, EQUAL, True),
    (BETTER, (None, None), True),
    ((None, None), WORSE, False),
])  # fmt: skip
def test_both_comparisons_have_to_be_passed(part: Any, released: Any, passed: bool) -> None:
    found = judge(evaluation(part[0], part[1], released=released))
    assert found.passed is passed
    assert ("The hybrid is worse" in found.words) is not passed


def test_it_is_said_that_few_listeners_show_little() -> None:
    few, many = (judge(evaluation(0.0, [-0.1, 0.1], count)).words for count in (6, 100))
    assert "6 listeners" in few
    assert "only large differences" in few
    assert "only large" not in many
    assert "1 listener;" in judge(evaluation(0.0, None, 1)).words


@pytest.mark.parametrize(("listeners", "passed"), [(6, True), (19, True), (20, False)])
def test_few_listeners_refuse_nothing(listeners: int, passed: bool) -> None:
    found = judge(evaluation(*WORSE, listeners))
    assert found.passed is passed
    assert ("may be worse" in found.words) is passed
    assert "-0.020" in found.words


def test_an_evaluation_of_before_is_passed() -> None:
    assert judge({"methods": {}}).passed
    of_before = evaluation(*EQUAL)
    del of_before["released"]
    assert judge(of_before) == judge(evaluation(*EQUAL))


def test_a_hybrid_spoiled_by_popularity_is_refused(
    world: worlds.World, split: Split, trial: Trial, protocol: dict[str, Any]
) -> None:
    """Not made up figures, but a ranking that is worse than one of its sources."""
    ranker = Fusion({"popular": 1.0, "svd": 0.001})
    spoiled = again(trial, worlds.engine_of(world, split, ranker))
    assert not judge(summarise(spoiled, protocol)).passed


def card(trial: Trial, split: Split, engine_of: EngineOf) -> str:
    document = {
        **summarise(trial, describe_protocol(split, None, STRANGERS, len(trial.cases))),
        "groups": group_figures(trial),
        "ablations": ablate(trial, engine_of, PARTS),
    }
    return write_card(document, {"songs": 1_200, "hash of songs": "ab12"}, {"svd factors": 4})


@pytest.mark.slow
def test_the_card_says_what_and_how_sure(trial: Trial, split: Split, engine_of: EngineOf) -> None:
    text = card(trial, split, engine_of)
    for words in ("- songs: 1,200", "- hash of songs: ab12", "- svd factors: 4", "- numpy: ",
                  "listener-song pairs", "1,000 draws", "the intervals are wide",
                  "| activity: low |", "| -svd |", "| -artist |", "| shuffled |"):  # fmt: skip
        assert words in text
    assert text == card(trial, split, engine_of)


@pytest.mark.parametrize("count", [0, 1])
def test_a_card_with_next_to_nothing_measured(
    trial: Trial, split: Split, engine_of: EngineOf, count: int, cases: list[Case]
) -> None:
    asked = run_trial(engine_of, cases[:count], trial.audience, trial.available, trial.catalogue)
    text = card(asked, split, engine_of)
    assert f"{count} listener{'s' if count != 1 else ''}" in text
    assert "not measurable" in text
