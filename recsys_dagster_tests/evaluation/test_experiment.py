from dataclasses import replace

import numpy as np
import pytest

from recsys_dagster.evaluation.cases import Case, stranger_cases
from recsys_dagster.evaluation.experiment import compare_rankers, describe_trial, headline
from recsys_dagster.evaluation.learning import gather
from recsys_dagster.evaluation.protocol import COLD, KNOWN, STRANGERS
from recsys_dagster.evaluation.ranking import (
    EngineOf,
    blocks_of,
    bring_along,
    by_method,
    rank_here,
)
from recsys_dagster.evaluation.tasks import seeds_name
from recsys_dagster.evaluation.trial import (
    Audience,
    Trial,
    run_trial,
)
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.found import BatchEngine, Found
from recsys_dagster.recommend.methods import METHODS
from recsys_dagster.recommend.ranker import Fusion, Rankers
from recsys_dagster_tests import worlds

GOOD, BAD = (Rankers.alike(Fusion({name: 1.0})) for name in ("svd", "popular"))


@pytest.fixture(scope="module")
def asked() -> tuple[Trial, EngineOf]:
    world = worlds.make()
    split = worlds.split_of(world)
    engine_of = worlds.engine_of(world, split)
    audience = Audience.of(split, world.parts.songs.height)
    cases = stranger_cases(split, 5)
    return run_trial(engine_of, cases, audience, worlds.available(world)), engine_of


def in_blocks(engine_of: EngineOf) -> EngineOf:
    """The same models, one engine a fold, which is asked for many at a time."""
    kept: dict[int, Engine] = {}

    def of(case: Case) -> Engine:
        plain = engine_of(case)
        return kept.setdefault(case.fold, BatchEngine(plain.models, plain.rankers))

    return of


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_cases_asked_by_the_block_get_what_they_get_alone(
    asked: tuple[Trial, EngineOf], method: str
) -> None:
    trial, engine_of = asked
    by_block = in_blocks(engine_of)
    block = next(blocks_of(by_block, trial.cases))
    cases = bring_along(by_block(trial.cases[0]), trial.cases[block])
    assert len(cases) == block.stop > 1
    assert all(isinstance(case.query, Found) for case in cases)
    together = rank_here(by_block, trial.cases, by_method([method]))[method]
    differ = together != rank_here(engine_of, trial.cases, by_method([method]))[method]
    assert differ.mean() < 0.01  # scores that are equal but for rounding may change places


def test_examples_found_by_the_block_are_those_found_alone(asked: tuple[Trial, EngineOf]) -> None:
    trial, engine_of = asked
    by_block = in_blocks(engine_of)
    alone, together = gather(trial.cases, engine_of), gather(trial.cases, by_block)
    assert [one.case.listener for one in together] == [case.listener for case in trial.cases]
    alike = 0
    for one, other in zip(alone, together, strict=True):
        if np.array_equal(one.pool.ids, other.pool.ids):
            alike += np.allclose(one.features, other.features, rtol=1e-3, atol=1e-4)
    assert alike > 0.95 * len(alone)  # at the border scores may be equal but for rounding


def test_rankers_are_compared_over_the_same_cases(asked: tuple[Trial, EngineOf]) -> None:
    trial, engine_of = asked
    apart = compare_rankers(trial, engine_of, GOOD, BAD)["ndcg@10"]
    column = {name: trial.figures[name][:, 0] for name in ("svd", "popular")}
    assert not np.array_equal(column["svd"], column["popular"])
    back = compare_rankers(trial, engine_of, BAD, GOOD)["ndcg@10"]
    assert apart["mean"] == pytest.approx(-back["mean"], abs=1e-9)
    assert apart["mean"] != 0
    same = compare_rankers(trial, engine_of, GOOD, GOOD)["ndcg@10"]
    assert (same["mean"], same["interval"]) == (0, [0, 0])


def test_the_headline_is_the_task_of_the_app_where_it_can_be_asked(
    asked: tuple[Trial, EngineOf],
) -> None:
    trial, _ = asked
    none: list[Case] = []
    audience, available = trial.audience, trial.available
    nobody = run_trial(asked[1], none, audience, available)
    app = seeds_name(5)
    assert headline({app: trial, KNOWN: nobody}) == (app, STRANGERS)
    assert headline({app: nobody, KNOWN: trial}) == (KNOWN, KNOWN)


def test_how_much_listeners_played_does_not_count_only_how_many_they_are(
    asked: tuple[Trial, EngineOf],
) -> None:
    trial, _ = asked
    audience, lists = trial.audience, trial.lists["svd"]
    once = replace(trial, audience=replace(audience, plays=np.minimum(audience.plays, 1)))
    np.testing.assert_array_equal(once.measure(lists), trial.measure(lists))


def test_trials_say_what_is_revealed_and_what_is_ranked() -> None:
    day = "2025-01-01"
    every, alone = (describe_trial(name, day) for name in (COLD, f"{COLD} among themselves"))
    assert "the 5 most played songs of the others" in every
    assert alone == f"{every} Here only the hidden songs are ranked."
    for seeds, songs in ((1, "most played song"), (3, "3 most played songs")):
        assert f"reveal the {songs} from before" in describe_trial(seeds_name(seeds), day)
