"""Item-item neighbours as a source of the hybrid."""

from dataclasses import replace

import numpy as np
import pytest

from recsys_dagster.models.item_knn import ItemKnn, ItemKnnConfig
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.explain import seed_shares
from recsys_dagster.recommend.ranker import Fusion
from recsys_dagster.recommend.sources import Items, Query
from recsys_dagster_tests import worlds

SEEDS = np.array([2, 5, 9])


@pytest.fixture
def model(crowd: worlds.World) -> ItemKnn:
    return ItemKnn.fit(
        crowd.users, crowd.items, crowd.plays,
        n_users=crowd.shape.users, n_items=crowd.shape.songs,
        config=ItemKnnConfig(neighbours=12, play_exponent=1.0),
    )  # fmt: skip


@pytest.fixture
def source(model: ItemKnn, crowd: worlds.World) -> Items:
    return Items(model, np.ones(crowd.shape.songs, dtype=bool))


def engine(crowd: worlds.World, model: ItemKnn | None, **weights: float) -> Engine:
    return worlds.engine(replace(crowd.parts, items=model), Fusion(weights))


def test_candidates_are_the_models_best(source: Items, model: ItemKnn) -> None:
    scores = model.scores(SEEDS)
    scores[SEEDS] = 0
    found = source.candidates(Query(SEEDS), 10)
    np.testing.assert_array_equal(found.ids, np.argsort(-scores, kind="stable")[:10])
    np.testing.assert_array_equal(found.scores, scores[found.ids])


def test_what_is_unwanted_or_not_available_never_comes(
    source: Items, model: ItemKnn, crowd: worlds.World
) -> None:
    free = source.candidates(Query(SEEDS), 1000).ids
    available = np.ones(crowd.shape.songs, dtype=bool)
    available[free[0]] = False
    query = Query(SEEDS, exclude=free[1:3])
    np.testing.assert_array_equal(Items(model, available).candidates(query, 1000).ids, free[3:])


def test_play_counts_weigh_the_seeds_as_in_training(source: Items, model: ItemKnn) -> None:
    ratings = np.array([4, 1, 0.5], np.float32)
    query = Query(SEEDS, ratings)
    found = source.candidates(query, 5)
    np.testing.assert_allclose(found.scores, model.scores(SEEDS, ratings)[found.ids], rtol=1e-6)
    parts = source.contributions(query, found.ids)
    np.testing.assert_allclose(parts.sum(axis=1), found.scores, rtol=1e-5)


def test_the_hybrid_of_items_alone_ranks_as_items_do(model: ItemKnn, crowd: worlds.World) -> None:
    one = engine(crowd, model, items=1.0)
    ranked = one.rank("hybrid", Query(SEEDS), 8)
    expected = one.sources["items"].candidates(Query(SEEDS), 8)
    np.testing.assert_array_equal(ranked.ids, expected.ids)
    assert ranked.sources(0) == ("items",)
    np.testing.assert_allclose(seed_shares(one, ranked, Query(SEEDS)).sum(axis=1), 1)


def test_without_neighbours_the_hybrid_does_without(crowd: worlds.World) -> None:
    with_weight = engine(crowd, None, svd=1.0, items=1.0).rank("hybrid", Query(SEEDS), 8)
    without = engine(crowd, None, svd=1.0).rank("hybrid", Query(SEEDS), 8)
    np.testing.assert_array_equal(with_weight.ids, without.ids)
    np.testing.assert_array_equal(with_weight.scores, without.scores)
