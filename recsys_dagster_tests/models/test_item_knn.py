"""Item neighbours against a dense computation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.models import item_counting
from recsys_dagster.models.arrays import Float64Array, IntArray
from recsys_dagster.models.item_knn import NOBODY, ItemKnn, ItemKnnConfig
from recsys_dagster.models.item_pairs import fitting, sorted_by

USERS, ITEMS = 60, 35
Pairs = tuple[IntArray, IntArray, IntArray]


@pytest.fixture
def pairs(rng: np.random.Generator) -> Pairs:
    """Some listeners of some items; the last item has none."""
    played = rng.random((USERS, ITEMS)) < np.linspace(0.02, 0.5, ITEMS)
    played[:, -1] = False
    users, items = np.nonzero(played)
    return users, items, rng.integers(1, 200, len(users))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def fitted(pairs: Pairs, threads: int = 2, **settings: Any) -> ItemKnn:
    config = ItemKnnConfig(**settings)
    return ItemKnn.fit(*pairs, n_users=USERS, n_items=ITEMS, config=config, threads=threads)


def dense(pairs: Pairs, shrinkage: float, exponent: float) -> Float64Array:
    users, items, plays = pairs
    listens = np.zeros((USERS, ITEMS))
    listens[users, items] = np.log1p(plays) ** exponent
    listens /= listens[users, items].mean()
    lengths = np.linalg.norm(listens, axis=0)
    with np.errstate(invalid="ignore"):
        weights = (listens.T @ listens) / (np.outer(lengths, lengths) + shrinkage)
    np.fill_diagonal(weights, 0)
    return np.nan_to_num(weights)


def cut(pairs: Pairs, most: int) -> Pairs:
    """The most played pairs of each listener, of equals those with more listeners, slowly."""
    users, items, plays = pairs
    listeners = np.bincount(items, minlength=ITEMS)
    kept: list[int] = []
    for user in range(USERS):
        own = np.flatnonzero(users == user)
        order = np.lexsort((items[own], -listeners[items[own]], -plays[own]))
        kept += own[order[:most]].tolist()
    return users[kept], items[kept], plays[kept]


@st.composite
def worlds(draw: st.DrawFn) -> Pairs:
    """Any listens, some of them with equal play counts."""
    cells = st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1))
    drawn = draw(st.dictionaries(cells, st.integers(1, 4), min_size=1, max_size=150))
    users, items = np.array(list(drawn)).T
    return users, items, np.array(list(drawn.values()))


class TestFit:
    @given(
        worlds(), st.integers(2, 12), st.integers(1, ITEMS),
        st.sampled_from([0.0, 1.0, 20.0]), st.sampled_from([0.0, 0.5, 2.0]),
    )  # fmt: skip
    def test_any_listens_give_the_nearest_of_the_dense_computation(
        self, pairs: Pairs, most: int, neighbours: int, shrinkage: float, exponent: float
    ) -> None:
        model = fitted(
            pairs, neighbours=neighbours, most_items=most, shrinkage=shrinkage,
            play_exponent=exponent,
        )  # fmt: skip
        expected = dense(cut(pairs, most), shrinkage, exponent)
        highest = -np.sort(-expected, axis=1)[:, : model.ids.shape[1]]
        np.testing.assert_allclose(model.weights, highest, rtol=1e-4, atol=1e-6)
        rows, places = np.nonzero(model.ids != NOBODY)
        found = expected[rows, model.ids[rows, places]]
        np.testing.assert_allclose(found, model.weights[rows, places], rtol=1e-4)
        assert (model.weights[model.ids == NOBODY] == 0).all()
        # Of equals the lower id is first.
        level = (model.weights[:, 1:] == model.weights[:, :-1]) & (model.weights[:, 1:] > 0)
        assert (np.diff(model.ids, axis=1)[level] > 0).all()

    @pytest.mark.parametrize(("shrinkage", "exponent"), [(0.0, 0.0), (10.0, 0.5), (30.0, 1.0)])
    def test_it_is_the_dense_computation(
        self, pairs: Pairs, shrinkage: float, exponent: float
    ) -> None:
        model = fitted(pairs, neighbours=ITEMS, shrinkage=shrinkage, play_exponent=exponent)
        expected = dense(pairs, shrinkage, exponent)
        for item in range(ITEMS):
            found = model.scores(np.array([item]))
            np.testing.assert_allclose(found, expected[item], rtol=1e-4, atol=1e-6)

    def test_the_nearest_are_kept_in_order(self, pairs: Pairs) -> None:
        every, few = fitted(pairs, neighbours=ITEMS), fitted(pairs, neighbours=5)
        np.testing.assert_array_equal(few.ids, every.ids[:, :5])
        np.testing.assert_array_equal(few.weights, every.weights[:, :5])
        assert (np.diff(every.weights, axis=1) <= 0).all()

    def test_of_equals_the_lower_id_is_first(self) -> None:
        users, items = np.divmod(np.arange(3 * 6), 6)
        model = ItemKnn.fit(
            users, items[::-1], np.ones(18), n_users=3, n_items=6,
            config=ItemKnnConfig(neighbours=3),
        )  # fmt: skip
        assert model.ids.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3]] + [[0, 1, 2]] * 3

    def test_an_item_that_nobody_plays_has_no_neighbours(self, pairs: Pairs) -> None:
        model = fitted(pairs)
        assert (model.ids[-1] == NOBODY).all()
        assert not model.weights[-1].any()
        assert ITEMS - 1 not in model.ids

    def test_threads_blocks_and_order_make_no_difference(
        self, pairs: Pairs, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = fitted(pairs, threads=1)
        monkeypatch.setattr(item_counting, "_ITEMS_AT_ONCE", 4)
        order = rng.permutation(len(pairs[0]))
        again = fitted((pairs[0][order], pairs[1][order], pairs[2][order]), threads=3)
        np.testing.assert_array_equal(again.ids, model.ids)
        np.testing.assert_array_equal(again.weights, model.weights)

    def test_shrinkage_prefers_what_many_listeners_share(self) -> None:
        # 0 and 1 share their one listener; 2 and 3 share nine of ten.
        users = np.concatenate([[0, 0], np.arange(1, 11), np.arange(2, 11), [0]])
        items = np.concatenate([[0, 1], np.full(10, 2), np.full(9, 3), [4]])
        found = [
            ItemKnn.fit(
                users, items, np.ones(len(users)), n_users=11, n_items=5,
                config=ItemKnnConfig(shrinkage=shrinkage),
            )
            for shrinkage in (0.0, 10.0)
        ]  # fmt: skip
        assert found[0].weights[0, 0] > found[0].weights[2, 0]
        assert found[1].weights[0, 0] < found[1].weights[2, 0]

    def test_of_a_listener_of_everything_the_most_played_count(self, pairs: Pairs) -> None:
        one, other = fitted(pairs, most_items=3), fitted(cut(pairs, 3))
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.weights, other.weights)
        assert not np.array_equal(one.weights, fitted(pairs).weights)

    def test_of_equals_those_with_more_listeners_count(self) -> None:
        # All listeners play the last item as well, which the first would have no place for.
        users, items = np.array([0, 0, 0, 1, 1, 2, 2]), np.array([0, 1, 4, 2, 4, 3, 4])
        config = ItemKnnConfig(most_items=2)
        model = ItemKnn.fit(users, items, np.ones(7), n_users=3, n_items=5, config=config)
        assert model.ids[0, 0] == 4
        assert model.ids[1, 0] == NOBODY

    def test_more_steps_than_allowed_lower_the_most_items(self, pairs: Pairs) -> None:
        lengths = np.bincount(pairs[0], minlength=USERS)
        cap = fitting(lengths, 1000, 2000)
        assert 2 < cap < lengths.max()
        one, other = fitted(pairs, most_steps=2000), fitted(pairs, most_items=cap)
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.weights, other.weights)

    def test_plays_that_weigh_nothing_are_left_out(self, pairs: Pairs) -> None:
        plays = np.where(pairs[2] % 3 == 0, 0, pairs[2])
        some, every = plays > 0, (pairs[0], pairs[1], plays)
        one = fitted(every, shrinkage=0.0)
        other = fitted((pairs[0][some], pairs[1][some], plays[some]), shrinkage=0.0)
        for item in range(ITEMS):
            expected = other.scores(np.array([item]))
            np.testing.assert_allclose(one.scores(np.array([item])), expected, rtol=1e-5)

    def test_without_listens_there_are_no_neighbours(self) -> None:
        nothing = np.empty(0, np.int64)
        model = fitted((nothing, nothing, nothing))
        assert not model.scores(np.array([0, 3])).any()


class TestScores:
    def test_seeds_add_up_by_their_weights(self, pairs: Pairs) -> None:
        model, seeds = fitted(pairs), np.array([20, 30, 9])
        weights = np.array([1, 0.5, 2], np.float32)
        alone = [model.scores(seeds[[place]]) for place in range(3)]
        expected = sum(weight * one for weight, one in zip(weights, alone, strict=True))
        np.testing.assert_allclose(model.scores(seeds, weights), expected, rtol=1e-5)

    def test_contributions_add_up_to_the_scores(self, pairs: Pairs) -> None:
        model, seeds = fitted(pairs, neighbours=10), np.array([20, 30, 9])
        weights = np.array([1, 0.5, 2], np.float32)
        items, scores = model.found(seeds, weights)
        assert NOBODY not in items
        parts = model.contributions(seeds, items, weights)
        assert parts.shape == (len(items), 3)
        np.testing.assert_allclose(parts.sum(axis=1), scores, rtol=1e-5)

    def test_found_and_contributions_are_sums_over_neighbours(self, pairs: Pairs) -> None:
        # The last seed has no neighbours, and the first is given twice.
        model, seeds = fitted(pairs), np.array([20, 3, 20, ITEMS - 1])
        counted = np.array([1, 0.5, 2, 1], np.float32)
        expected = np.zeros((ITEMS, 4))
        for column, seed in enumerate(seeds):
            for item, weight in zip(model.ids[seed], model.weights[seed], strict=True):
                if item != NOBODY:
                    expected[item, column] += counted[column] * weight
        items, scores = model.found(seeds, counted)
        np.testing.assert_array_equal(items, np.flatnonzero(expected.sum(axis=1)))
        np.testing.assert_allclose(scores, expected[items].sum(axis=1), rtol=1e-6)
        asked = np.array([30, 4, 4, ITEMS - 1, 20, 0])
        parts = model.contributions(seeds, asked, counted)
        np.testing.assert_allclose(parts, expected[asked], rtol=1e-6)

    def test_nothing_asked_has_no_contributions(self, pairs: Pairs) -> None:
        model, nothing = fitted(pairs), np.empty(0, np.int64)
        assert model.contributions(np.array([3, 4]), nothing).shape == (0, 2)
        assert model.contributions(nothing, np.array([3, 4, 5])).shape == (3, 0)

    def test_no_seeds_find_nothing(self, pairs: Pairs) -> None:
        items, scores = fitted(pairs).found(np.empty(0, np.int64))
        assert len(items) == len(scores) == 0


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"neighbours": 0}, "neighbours must be .* from 1 up; got 0"),
            ({"most_items": 1}, "most_items must be .* from 2 up; got 1"),
            ({"most_steps": 1.5}, "most_steps must be .* from 1 up; got 1.5"),
            ({"shrinkage": -1.0}, "shrinkage must be .* got -1"),
            ({"play_exponent": float("nan")}, "play_exponent must be .* got nan"),
        ],
    )
    def test_settings(self, settings: dict[str, Any], words: str) -> None:
        with pytest.raises(RecsysError, match=words):
            ItemKnnConfig(**settings)

    def test_arrays_that_differ_in_length(self, pairs: Pairs) -> None:
        with pytest.raises(RecsysError, match="expected as many of each"):
            fitted((pairs[0], pairs[1], pairs[2][1:]))

    def test_seeds_outside_the_catalogue_and_missing_weights(self, pairs: Pairs) -> None:
        model = fitted(pairs)
        with pytest.raises(RecsysError, match="seeds must lie in"):
            model.scores(np.array([ITEMS]))
        with pytest.raises(RecsysError, match="2 seeds but 1 weights"):
            model.scores(np.array([1, 2]), np.ones(1, np.float32))

    def test_files_that_do_not_fit(self, pairs: Pairs, tmp_path: Path) -> None:
        fitted(pairs).save(tmp_path)
        np.save(tmp_path / "weights.npy", np.zeros((2, 2), np.float32))
        with pytest.raises(RecsysError, match="does not fit together: weights"):
            ItemKnn.load(tmp_path)


@given(st.lists(st.integers(0, 50)), st.integers(2, 60), st.integers(1, 20_000))
def test_the_cap_is_the_highest_that_fits(lengths: list[int], most: int, steps: int) -> None:
    cap = fitting(np.array(lengths, np.int64), most, steps)
    work = [sum(min(length, one) ** 2 for length in lengths) for one in range(most + 1)]
    fit = [one for one in range(2, most + 1) if work[one] <= steps]
    assert cap == max(fit, default=2)


@given(st.lists(st.integers(0, 9)))
def test_sorting_by_rows_keeps_the_order_of_equals(rows: list[int]) -> None:
    found = sorted_by(np.array(rows, np.int64), 10)
    np.testing.assert_array_equal(found, np.argsort(np.array(rows), kind="stable"))


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_of_some_seeds_neighbours_are_those_of_all(
    pairs: Pairs, tmp_path: Path, rng: np.random.Generator, share: float
) -> None:
    seeds = rng.random(ITEMS) < share
    whole = ItemKnn.fit(*pairs, n_users=USERS, n_items=ITEMS)
    ItemKnn.fit(*pairs, n_users=USERS, n_items=ITEMS, seeds=seeds).save(tmp_path)
    part = ItemKnn.load(tmp_path)
    assert len(part) == ITEMS
    assert len(part.ids) == seeds.sum()
    np.testing.assert_array_equal(part.ids, whole.ids[seeds])
    np.testing.assert_array_equal(part.weights, whole.weights[seeds])
    for seed in np.flatnonzero(seeds):
        np.testing.assert_array_equal(part.scores(np.array([seed])), whole.scores(np.array([seed])))
    for seed in np.flatnonzero(~seeds):
        with pytest.raises(RecsysError, match=f"item {seed} is none of the seeds"):
            part.found(np.array([seed]))


def test_seeds_are_marked_for_each_item(pairs: Pairs) -> None:
    with pytest.raises(RecsysError, match="3 marks of seeds for 35 items"):
        ItemKnn.fit(*pairs, n_users=USERS, n_items=ITEMS, seeds=np.ones(3, dtype=bool))


@pytest.mark.parametrize("rows", [[0, 1, 2], [0, -2, 1], [0, -1, -1]])
def test_rows_that_do_not_fit_are_refused(tmp_path: Path, rows: list[int]) -> None:
    seeds = np.array([True, False, True])
    played = np.arange(3), np.arange(3), np.ones(3)
    ItemKnn.fit(*played, n_users=3, n_items=3, seeds=seeds).save(tmp_path)
    assert len(ItemKnn.load(tmp_path)) == 3
    np.save(tmp_path / "rows.npy", np.array(rows, np.int32))
    with pytest.raises(RecsysError, match="rows"):
        ItemKnn.load(tmp_path)
