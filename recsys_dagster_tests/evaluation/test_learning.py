import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys_dagster.evaluation import learning
from recsys_dagster.evaluation.cases import Case, known_cases, stranger_cases
from recsys_dagster.evaluation.learning import (
    DEFAULT,
    FUSIONS,
    Example,
    Lesson,
    contenders,
    gather,
    learn_ranker,
)
from recsys_dagster.evaluation.metrics import hits, ndcg
from recsys_dagster.evaluation.ranking import EngineOf
from recsys_dagster.evaluation.split import Split
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.ranker import Fusion, Ranker, Rankers
from recsys_dagster_tests import worlds
from recsys_dagster_tests.evaluation.test_protocol import Counting

pytestmark = pytest.mark.slow

KINDS = ["fusion"] * len(FUSIONS) + ["logistic", "trees", "logistic+trees"]


@pytest.fixture(scope="module")
def examples(split: Split, engine_of: EngineOf) -> list[Example]:
    return gather([*stranger_cases(split, 1), *stranger_cases(split, 5)], engine_of)


@pytest.fixture(scope="module")
def lesson(examples: list[Example]) -> Lesson:
    return learn_ranker(examples)


def said(ranker: Ranker, examples: list[Example]) -> list[Any]:
    """What a ranker is, and the scores that it gives."""

    def scores(one: Example) -> list[float]:
        found: list[float] = ranker.scores(one.pool, lambda _: one.features.astype(float)).tolist()
        return found

    return [ranker.describe(), *map(scores, examples[:5])]


def test_an_example_holds_what_the_sources_bring(
    examples: list[Example], engine_of: EngineOf
) -> None:
    assert len(examples) > 70
    for one in examples[::9]:
        engine = engine_of(one.case)
        for name in PARTS:
            brought = engine.sources[name].candidates(one.case.query, DEFAULT.candidates).ids
            assert set(brought.tolist()) <= set(one.pool.ids.tolist())
        assert not np.isin(one.pool.ids, one.case.query.unwanted).any()
        assert len(one.features) == len(one.pool.ids)


@pytest.mark.parametrize("weights", [{"svd": 1.0, "items": 0.5}, {"knn": 1.0}])
def test_the_ndcg_of_an_example_is_that_of_the_engine(
    examples: list[Example], engine_of: EngineOf, weights: dict[str, float]
) -> None:
    ranker = Fusion(weights)
    for one in examples[::9]:
        engine = engine_of(one.case).with_rankers(Rankers.alike(ranker))
        relevant = one.case.relevant
        ids = engine.rank("hybrid", one.case.query, 10).ids
        expected = ndcg(hits(ids, relevant), 10, len(relevant))
        assert one.ndcg(ranker) == pytest.approx(float(expected), abs=1e-9)


def test_of_many_listeners_some_are_learned_from(split: Split, engine_of: EngineOf) -> None:
    cases = [*stranger_cases(split, 1), *stranger_cases(split, 3)]
    drawn = [[one.case for one in gather(cases, engine_of, most=6)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    listeners = {case.listener for case in drawn[0]}
    assert len(listeners) == 6
    assert drawn[0] == [case for case in cases if case.listener in listeners]


def test_progress_is_told(split: Split, engine_of: EngineOf) -> None:
    progress = Counting()
    found = gather(stranger_cases(split, 1), engine_of, progress)
    assert progress.steps == progress.total == len(found)


def test_the_winner_of_the_trials_is_taken(lesson: Lesson, examples: list[Example]) -> None:
    assert [trial["kind"] for trial in lesson.trials] == KINDS
    figures = [trial["ndcg@10"] for trial in lesson.trials]
    assert len(set(figures)) > 1
    winner = contenders(examples)[figures.index(max(figures))]
    assert said(lesson.final, examples) == said(winner, examples)
    assert lesson.listeners == len({one.case.listener for one in examples})
    assert set(lesson.by_group) == set(range(5))


def test_trials_are_of_listeners_who_were_not_learned_from(
    lesson: Lesson, examples: list[Example]
) -> None:
    """Counted again: from three groups, on the fourth, without the fifth."""
    found = []
    for group in range(5):
        held = (group + 1) % 5
        rankers = contenders([one for one in examples if one.case.group not in {group, held}])
        asked = [one for one in examples if one.case.group == held]
        found.append([float(np.mean([one.ndcg(ranker) for one in asked])) for ranker in rankers])
        chosen = contenders([one for one in examples if one.case.group != group])
        best = chosen[int(np.argmax(found[-1]))]
        assert said(lesson.by_group[group], examples) == said(best, examples)
    expected = np.mean(found, axis=0)
    assert [trial["ndcg@10"] for trial in lesson.trials] == pytest.approx(expected, abs=1e-6)


def with_answers(one: Example, relevant: np.ndarray[Any, Any]) -> Example:
    return replace(one, case=replace(one.case, relevant=relevant))


@pytest.mark.parametrize("group", [0, 3])
def test_what_a_group_plays_later_changes_none_of_its_rankers(
    lesson: Lesson, examples: list[Example], group: int
) -> None:
    """Their answers become the songs that stand last; the others' rankers show that it counts."""
    changed = [
        with_answers(one, np.sort(one.pool.ids)[-3:]) if one.case.group == group else one
        for one in examples
    ]
    other = learn_ranker(changed)
    assert said(other.by_group[group], examples) == said(lesson.by_group[group], examples)
    assert other.trials != lesson.trials
    assert any(
        said(other.by_group[one], examples) != said(lesson.by_group[one], examples)
        for one in range(5) if one != group
    )  # fmt: skip
    without = learn_ranker([one for one in examples if one.case.group != group])
    assert group not in without.by_group


def test_what_a_fold_plays_later_changes_no_candidate_of_its_own(
    world: worlds.World, split: Split, examples: list[Example]
) -> None:
    """From the late plays on: models, candidates and features of the fold are the same."""
    mine = split.fold[split.users] == 2
    rng = np.random.default_rng(1)
    late = np.where(mine, rng.integers(0, 9, len(split.late)), split.late)
    other = replace(split, late=late)
    asked = [one.case for one in examples if one.case.fold == 2]
    found = gather(asked, worlds.engine_of(world, other))
    expected = [one for one in examples if one.case.fold == 2]
    for again, before in zip(found, expected, strict=True):
        assert (again.pool.ids == before.pool.ids).all()
        assert (again.features == before.features).all()
    after = {case.listener: case.relevant.tolist() for case in stranger_cases(other, 5)}
    assert any(after.get(case.listener) != case.relevant.tolist() for case in asked)


def test_the_same_examples_teach_the_same(lesson: Lesson, examples: list[Example]) -> None:
    again = learn_ranker(examples)
    assert again.describe() == lesson.describe()
    assert said(again.final, examples) == said(lesson.final, examples)
    described = lesson.describe()
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert set(described["groups"]) == set("01234")


def few(examples: list[Example], listeners: int) -> list[Example]:
    kept = sorted({one.case.listener for one in examples})[:listeners]
    return [one for one in examples if one.case.listener in kept]


def test_of_few_listeners_nothing_is_learned(examples: list[Example]) -> None:
    for some in (few(examples, learning.FEWEST_LISTENERS - 1), few(examples, 1), []):
        lesson = learn_ranker(some)
        assert lesson.final is DEFAULT
        assert lesson.trials == []
        assert lesson.by_group == dict.fromkeys({one.case.group for one in some}, DEFAULT)
    assert learn_ranker(few(examples, learning.FEWEST_LISTENERS)).trials


def test_two_groups_are_too_few_to_learn_crosswise(examples: list[Example]) -> None:
    two = [replace(one, case=replace(one.case, group=one.case.group % 2)) for one in examples]
    lesson = learn_ranker(two)
    assert (lesson.final, lesson.by_group) == (DEFAULT, {0: DEFAULT, 1: DEFAULT})
    three = [replace(one, case=replace(one.case, group=one.case.group % 3)) for one in examples]
    assert set(learn_ranker(three).by_group) == {0, 1, 2}


def test_where_no_answer_is_a_candidate_the_default_stands_in(examples: list[Example]) -> None:
    nothing = [with_answers(one, np.empty(0, np.int64)) for one in examples[:4]]
    everything = [with_answers(one, one.pool.ids) for one in examples[:4]]
    for some in (nothing, everything, []):
        found = contenders(some)
        assert len(found) == len(KINDS)
        assert found[-3:] == [DEFAULT] * 3


def test_known_listeners_can_be_learned_from_as_well(split: Split, engine_of: EngineOf) -> None:
    cases: list[Case] = known_cases(split)
    found = gather(cases, engine_of)
    lesson = learn_ranker(found)
    assert [one.case for one in found] == cases
    assert lesson.trials
    assert gather([], engine_of) == []
