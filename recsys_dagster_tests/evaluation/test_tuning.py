from dataclasses import replace

import numpy as np

from recsys_dagster.evaluation.metrics import hits, ndcg
from recsys_dagster.evaluation.protocol import HeldOut, make_cases
from recsys_dagster.evaluation.tuning import KNN_WEIGHTS, choose_ranker
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.ranker import Ranker
from recsys_dagster_tests import worlds

NOTHING = np.empty(0, np.int64)


def with_ranker(engine: Engine, ranker: Ranker) -> Engine:
    """The same models, joined otherwise."""
    plays = np.where(engine.available, 1, 0)
    return Engine(engine.svd.model, engine.knn.index, ranker, plays, engine.available)


def test_the_best_weight_on_validation_wins(engine: Engine, held_out: HeldOut) -> None:
    ranker, trials = choose_ranker(lambda one: with_ranker(engine, one), held_out)
    assert [trial["knn_weight"] for trial in trials] == sorted(KNN_WEIGHTS)
    figures = [trial["ndcg@10"] for trial in trials]
    assert len(set(figures)) > 1
    first = figures.index(max(figures))
    assert ranker.weights == {"svd": 1.0, "knn": trials[first]["knn_weight"]}


def test_a_trial_is_the_ndcg_on_validation(engine: Engine, held_out: HeldOut) -> None:
    _, trials = choose_ranker(lambda one: with_ranker(engine, one), held_out, [0.5])
    tried = with_ranker(engine, Ranker({"svd": 1.0, "knn": 0.5}))
    found = [
        ndcg(hits(tried.rank("hybrid", case.query, 10).ids, case.relevant), 10, len(case.relevant))
        for case in make_cases(replace(held_out, valid=NOTHING, test=held_out.valid))
    ]
    assert trials[0]["ndcg@10"] == round(float(np.mean(found)), 6)


def test_the_test_part_is_never_looked_at(
    world: worlds.World, engine: Engine, held_out: HeldOut
) -> None:
    def choose(one: HeldOut) -> tuple[Ranker, list[dict[str, float]]]:
        return choose_ranker(lambda ranker: with_ranker(engine, ranker), one)

    songs, plays = held_out.songs.copy(), held_out.plays.copy()
    songs[held_out.test] = np.random.default_rng(1).integers(
        world.shape.songs, size=len(held_out.test)
    )
    plays[held_out.test] = 9_999
    expected = choose(held_out)
    assert choose(replace(held_out, songs=songs, plays=plays)) == expected
    assert choose(replace(held_out, test=NOTHING)) == expected
    kept = np.sort(np.concatenate([held_out.train, held_out.valid]))
    without = HeldOut(
        held_out.users[kept], held_out.songs[kept], held_out.plays[kept],
        np.searchsorted(kept, held_out.train), np.searchsorted(kept, held_out.valid), NOTHING,
    )  # fmt: skip
    assert choose(without) == expected
    valid = held_out.songs.copy()
    valid[held_out.valid] = (valid[held_out.valid] + 1) % world.shape.songs
    assert choose(replace(held_out, songs=valid)) != expected


def test_without_validation_the_lowest_weight_is_taken(engine: Engine, held_out: HeldOut) -> None:
    ranker, trials = choose_ranker(
        lambda one: with_ranker(engine, one), replace(held_out, valid=NOTHING)
    )
    assert {trial["ndcg@10"] for trial in trials} == {None}
    assert ranker.weights["knn"] == min(KNN_WEIGHTS)
