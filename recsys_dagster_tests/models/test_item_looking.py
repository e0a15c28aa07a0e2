from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.item_knn import ItemKnn, ItemKnnConfig
from recsys_dagster.models.item_looking import CompiledItemKnn

ITEMS = 60


def a_model(
    seed: int = 0, n_items: int = ITEMS, neighbours: int = 5, seeds: np.ndarray | None = None
) -> ItemKnn:
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((40, n_items)) < 0.2)
    config = ItemKnnConfig(neighbours=neighbours)
    plays = rng.integers(1, 9, len(users))
    return ItemKnn.fit(users, items, plays, n_users=40, n_items=n_items, config=config, seeds=seeds)


PLAIN = a_model()
COMPILED = CompiledItemKnn.of(PLAIN)
SEEDS = st.lists(st.integers(0, ITEMS - 1), max_size=20).map(lambda ids: np.array(ids, np.int64))


def assert_alike(plain: ItemKnn, compiled: ItemKnn, seeds: np.ndarray, asked: np.ndarray) -> None:
    weights = np.linspace(0.5, 2, len(seeds), dtype=np.float32)
    for some in (None, weights):
        ids, scores = plain.found(seeds, some)
        found, other = compiled.found(seeds, some)
        np.testing.assert_array_equal(found, ids)
        np.testing.assert_allclose(other, scores, rtol=1e-6)
        if len(seeds):
            near, quick = (one.nearness(seeds, asked, some) for one in (plain, compiled))
            for name in ("mean", "highest", "share"):
                np.testing.assert_allclose(getattr(quick, name), getattr(near, name), rtol=1e-6)


@given(SEEDS, SEEDS)
def test_compiled_loops_find_what_numpy_finds(seeds: np.ndarray, asked: np.ndarray) -> None:
    assert_alike(PLAIN, COMPILED, seeds, asked)


@given(SEEDS, SEEDS, SEEDS, st.integers(1, ITEMS + 1))
def test_the_best_are_those_of_all_that_numpy_finds(
    seeds: np.ndarray, silenced: np.ndarray, unwanted: np.ndarray, n: int
) -> None:
    assert isinstance(COMPILED, CompiledItemKnn)
    available = ~np.isin(np.arange(ITEMS), silenced)
    weights = np.linspace(0.5, 2, len(seeds), dtype=np.float32)
    ids, scores = PLAIN.found(seeds, weights)
    wanted = available[ids] & ~np.isin(ids, unwanted)
    best, reached = COMPILED.best(seeds, weights, (available, unwanted), n)
    assert len(best) == min(n, wanted.sum())
    assert set(best) <= set(ids[wanted])
    by_id = dict(zip(ids, scores, strict=True))
    np.testing.assert_allclose(reached, [by_id[one] for one in best], rtol=1e-6)
    np.testing.assert_allclose(reached, np.sort(scores[wanted])[::-1][:n], rtol=1e-6)
    assert_alike(PLAIN, COMPILED, seeds, unwanted)


def test_of_equals_the_lower_is_better() -> None:
    ids = np.array([[3, 1, 2], [0, 2, 3], [0, 1, 3], [0, 1, 2]], np.int32)
    model = CompiledItemKnn(ids, np.ones((4, 3), np.float32), ItemKnnConfig(neighbours=3))
    everything = np.ones(4, dtype=bool)
    for n in (1, 2, 3):
        best, _ = model.best(np.array([0]), None, (everything, np.empty(0, np.int64)), n)
        assert best.tolist() == [1, 2, 3][:n]


def test_models_of_several_sizes_in_one_thread() -> None:
    models = [a_model(seed, n_items) for seed, n_items in enumerate((30, 80, 30))]
    seeds, asked = np.array([3, 29, 3]), np.array([29, 0, 7, 0])
    for model in (*models, *models):
        assert_alike(model, CompiledItemKnn.of(model), seeds, asked)


def test_a_model_of_some_seeds_alone() -> None:
    some = np.arange(ITEMS) % 3 == 0
    model = a_model(seeds=some)
    assert_alike(model, CompiledItemKnn.of(model), np.array([3, 57, 0]), np.arange(ITEMS))
    assert_alike(PLAIN, CompiledItemKnn.of(model), np.array([3, 57, 0]), np.arange(ITEMS))
    with pytest.raises(RecsysError, match="item 1 is none of the seeds"):
        CompiledItemKnn.of(model).found(np.array([0, 1]))


def test_several_threads_do_not_disturb_each_other() -> None:
    rng = np.random.default_rng(1)
    queries = [rng.integers(0, ITEMS, 12) for _ in range(200)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(COMPILED.found, queries))
    for query, (ids, scores) in zip(queries, found, strict=True):
        np.testing.assert_array_equal(ids, PLAIN.found(query)[0])
        np.testing.assert_allclose(scores, PLAIN.found(query)[1], rtol=1e-6)


def test_a_refused_query_leaves_nothing_behind() -> None:
    with pytest.raises(RecsysError, match="items"):
        COMPILED.nearness(np.array([1]), np.array([2, ITEMS]))
    assert_alike(PLAIN, COMPILED, np.array([1]), np.array([2]))
