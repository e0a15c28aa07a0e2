"""What every model owes its user, on data whose right answer is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recsys_dagster.models.arrays import Float32Array, IntArray
from recsys_dagster.models.ease import Ease
from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.als_config import ImplicitConfig
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster_tests.models import alternating, checkerboard

Model = SvdModel | KnnIndex | ItemKnn | Ease
Recommend = Callable[[Model, int, int], list[int]]


def knn() -> KnnIndex:
    values = checkerboard.features(np.random.default_rng(3))
    return KnnIndex.build(np.arange(checkerboard.SIZE), values, checkerboard.COLUMNS)


def item_knn() -> ItemKnn:
    pairs = checkerboard.pairs_for(checkerboard.RANKING)
    return ItemKnn.fit(*pairs, n_users=checkerboard.SIZE, n_items=checkerboard.SIZE)


def ease() -> Ease:
    users, items, _ = checkerboard.pairs_for(checkerboard.RANKING)
    return Ease.fit(
        users, items, n_users=checkerboard.SIZE, n_items=checkerboard.SIZE, regularisation=5.0
    )


def implicit() -> SvdModel:
    pairs = checkerboard.pairs_for(checkerboard.RANKING)
    config = ImplicitConfig(factors=4)
    return alternating.implicit(*pairs, checkerboard.SIZE, checkerboard.SIZE, config)


def liked_by(user: int) -> IntArray:
    items = np.arange(user % 2, checkerboard.SIZE, 2)
    return np.asarray(items[items != user])


def best(scores: Float32Array, known: IntArray, k: int) -> list[int]:
    order = np.argsort(-scores, kind="stable")
    return [int(item) for item in order if item not in known][:k]


def by_user(model: Model, user: int, k: int) -> list[int]:
    assert isinstance(model, SvdModel)
    scores = model.scores(model.user_factors[user], float(model.user_bias[user]))
    return best(scores, liked_by(user), k)


def by_fold_in(model: Model, user: int, k: int) -> list[int]:
    assert isinstance(model, SvdModel)
    new = model.fold_in(liked_by(user)[:5])
    return best(model.scores(new.factors, new.bias), liked_by(user), k)


def by_audio(model: Model, user: int, k: int) -> list[int]:
    assert isinstance(model, KnnIndex)
    seeds = liked_by(user)
    return [int(song) for song in model.query(model.mean(seeds), k, exclude=seeds)[0]]


def by_items(model: Model, user: int, k: int) -> list[int]:
    assert isinstance(model, ItemKnn | Ease)
    return best(model.scores(liked_by(user)), liked_by(user), k)


CASES = [
    pytest.param(lambda: checkerboard.trained().model, by_user, id="svd-known-user"),
    pytest.param(lambda: checkerboard.trained().model, by_fold_in, id="svd-fold-in"),
    pytest.param(
        lambda: checkerboard.trained(checkerboard.RANKING).model, by_user, id="ranking-known-user"
    ),
    pytest.param(
        lambda: checkerboard.trained(checkerboard.RANKING).model, by_fold_in, id="ranking-fold-in"
    ),
    pytest.param(implicit, by_user, id="implicit-known-user"),
    pytest.param(implicit, by_fold_in, id="implicit-fold-in"),
    pytest.param(knn, by_audio, id="knn"),
    pytest.param(item_knn, by_items, id="item-knn"),
    pytest.param(ease, by_items, id="ease"),
]


@pytest.mark.parametrize(("build", "recommend"), CASES)
class TestContract:
    def test_the_withheld_item_ranks_first(
        self, build: Callable[[], Model], recommend: Recommend
    ) -> None:
        model = build()
        firsts = [recommend(model, user, 1) for user in range(checkerboard.SIZE)]
        assert firsts == [[user] for user in range(checkerboard.SIZE)]

    def test_more_asked_for_than_exist(
        self, build: Callable[[], Model], recommend: Recommend
    ) -> None:
        model = build()
        answer = recommend(model, 0, 1000)
        assert sorted([*answer, *liked_by(0)]) == list(range(checkerboard.SIZE))

    def test_fewer_are_the_head_of_more(
        self, build: Callable[[], Model], recommend: Recommend
    ) -> None:
        model = build()
        assert recommend(model, 7, 5) == recommend(model, 7, 20)[:5]

    @pytest.mark.parametrize("mmap", [True, False])
    def test_saved_and_loaded_it_answers_the_same(
        self, build: Callable[[], Model], recommend: Recommend, mmap: bool, tmp_path: Path
    ) -> None:
        model = build()
        model.save(tmp_path)
        again = type(model).load(tmp_path, mmap=mmap)
        assert recommend(again, 3, 30) == recommend(model, 3, 30)
