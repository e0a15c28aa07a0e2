"""Listeners of training, folded in from what they played, rank as they were trained to."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import Float32Array, IntArray
from recsys_dagster.models.svd import folding as module
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.folding import FoldIn, RidgeFolding, SoftmaxFolding
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.training import Config, refit
from recsys_dagster.models.svd.unplayed import with_unplayed

USERS, ITEMS, GENRES = 150, 300, 6


def listening() -> tuple[IntArray, IntArray, IntArray]:
    """Listeners of two genres each, and long tails."""
    rng = np.random.default_rng(0)
    tastes = rng.dirichlet(np.full(GENRES, 0.3), USERS)
    appeal = rng.pareto(1.5, ITEMS) + 0.3
    chance = tastes[:, np.arange(ITEMS) % GENRES] * appeal
    chance *= 25 / chance.sum(axis=1, keepdims=True)
    users, items = np.nonzero(rng.random(chance.shape) < chance)
    return users, items, rng.integers(1, 30, len(users))


def trained(config: Config) -> SvdModel:
    users, items, plays = listening()
    pairs: tuple[IntArray, IntArray, NDArray[Any]] = (users, items, plays)
    if isinstance(config, SquaredConfig):
        pairs = with_unplayed(*pairs, n_items=ITEMS, per_pair=4, rng=0)
    return refit(*pairs, n_users=USERS, n_items=ITEMS, epochs=config.epochs, config=config).model


def best(model: SvdModel, factors: Float32Array, bias: float, played: IntArray) -> IntArray:
    scores = model.scores(factors, bias)
    scores[played] = -np.inf
    return np.argsort(-scores)[:10]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "least"),
    [
        (RankingConfig(factors=16, epochs=60, learning_rate=0.1), 0.75),
        (SquaredConfig(factors=8, epochs=40, learning_rate=0.05, regularisation=0.05), 0.75),
    ],
    ids=["ranking", "squared"],
)
def test_a_training_listener_folded_in_is_given_the_same_songs(
    config: Config, least: float
) -> None:
    """The measure: the mean share of the first ten songs that are the same."""
    users, items, plays = listening()
    model = trained(config)
    shares, strangers = [], []
    for user in range(USERS):
        played, counts = items[users == user], plays[users == user]
        ratings = np.log1p(counts).astype(np.float32)
        new = model.fold_in(played, ratings)
        own = best(model, model.user_factors[user], float(model.user_bias[user]), played)
        other = (user + 1) % USERS
        shares.append(np.isin(own, best(model, new.factors, new.bias, played)).mean())
        theirs = best(model, model.user_factors[other], float(model.user_bias[other]), played)
        strangers.append(np.isin(own, theirs).mean())
    assert np.mean(shares) >= least
    assert np.mean(shares) > np.mean(strangers) + 0.25


def drawn(count: int, k: int = 8, seed: int = 0) -> Float32Array:
    factors = np.random.default_rng(seed).normal(size=(count, k)).astype(np.float32)
    factors /= np.linalg.norm(factors, axis=1, keepdims=True)
    return factors


def nobody_but(items: Float32Array, folding: SoftmaxFolding, seeds: list[int]) -> FoldIn:
    model = SvdModel(
        0.0, np.zeros(0, np.float32), np.zeros(len(items), np.float32), items[:0], items, folding
    )
    return model.fold_in(np.array(seeds, dtype=np.int64))


class TestSoftmax:
    @pytest.mark.parametrize("correction", [0.0, 0.5, 1.0])
    def test_it_climbs_what_training_climbs(self, correction: float) -> None:
        """No other direction around has a much lower loss, over the whole catalogue."""
        items = drawn(500)
        chances = np.random.default_rng(1).integers(1, 50, 500).astype(np.float32)
        folding = of(items, chances, correction, temperature=0.4)
        folding = replace(folding, prior=0.0)
        seeds = [3, 8, 21, 40]
        share = chances / chances.sum()

        def loss(listener: Float32Array) -> float:
            scores = np.exp(items @ listener / 0.4).astype(np.float64)
            whole = 64 * (share ** (1 - correction) * scores).sum()
            own = scores[seeds] / share[seeds] ** correction
            return float(np.log1p(whole / own).mean())

        found = nobody_but(items, folding, seeds).factors
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
        rng = np.random.default_rng(2)
        around = found + 0.1 * rng.normal(size=(200, 8)).astype(np.float32)
        around /= np.linalg.norm(around, axis=1, keepdims=True)
        assert loss(found) < min(loss(one) for one in around) + 0.01
        assert loss(found) < loss(items[seeds].mean(axis=0)) - 0.05

    def test_the_parts_sum_to_the_listener(self) -> None:
        items = drawn(100)
        found = nobody_but(items, of(items), [1, 5, 5, 70])
        np.testing.assert_allclose(found.parts.sum(axis=0)[:-1], found.factors, atol=1e-5)
        assert (found.parts[1] == found.parts[2]).all()

    def test_a_song_played_more_counts_as_in_training(self) -> None:
        items = drawn(100)
        folding = of(items)
        model = SvdModel(
            0.0, np.zeros(0, np.float32), np.zeros(100, np.float32), items[:0], items, folding
        )
        seeds = np.array([3, 9])
        alike = model.fold_in(seeds, np.full(2, 2.5, np.float32)).factors
        np.testing.assert_allclose(alike, model.fold_in(seeds).factors, atol=1e-6)
        more = model.fold_in(seeds, np.array([5, 1], np.float32)).factors
        assert (more - alike) @ items[3] > 0.02
        never = model.fold_in(np.array([3, 9]), np.array([5, 0], np.float32)).factors
        np.testing.assert_allclose(never, model.fold_in(seeds[:1]).factors, atol=0.05)
        off = replace(model, folding=replace(folding, play_exponent=0.0))
        assert (off.fold_in(seeds, np.array([5, 1], np.float32)).factors == alike).all()

    def test_a_sample_stands_for_the_catalogue(self, monkeypatch: pytest.MonkeyPatch) -> None:
        items = drawn(20_000)
        chances = (np.random.default_rng(1).pareto(1.2, 20_000) + 0.1).astype(np.float32)
        sampled = of(items, chances)
        assert len(sampled.sample) <= module.SAMPLED_ITEMS
        assert sampled.weights.sum() == pytest.approx(20_000, rel=0.05)
        monkeypatch.setattr(module, "SAMPLED_ITEMS", 20_000)
        whole = of(items, chances)
        assert (whole.weights == 1).all()
        one, other = (nobody_but(items, each, [0, 1, 2]) for each in (sampled, whole))
        assert one.factors @ other.factors > 0.99

    def test_items_that_were_not_trained_are_left_out(self) -> None:
        items = drawn(50)
        chances = np.arange(50, dtype=np.float32) % 2
        items[chances == 0] = 0
        folding = of(items, chances)
        assert len(folding.sample) == 25
        found = nobody_but(items, folding, [0, 1])
        assert not found.parts[0].any()
        assert (found.factors == nobody_but(items, folding, [1]).factors).all()

    @pytest.mark.parametrize("seeds", [[], [0], [0, 2]])
    def test_of_whom_nothing_is_known_the_centre_is_taken(self, seeds: list[int]) -> None:
        items = drawn(50)
        items[::2] = 0
        folding = of(items, np.arange(50, dtype=np.float32) % 2)
        nobody = nobody_but(items, folding, seeds)
        centre = folding.centre / np.linalg.norm(folding.centre)
        np.testing.assert_allclose(nobody.factors, centre, rtol=1e-5)
        assert nobody.parts.shape == (len(seeds), 9)
        if seeds:
            np.testing.assert_allclose(nobody.parts.sum(axis=0)[:-1], centre, rtol=1e-5)

    def test_the_prior_pulls_one_seed_to_the_centre_and_many_hardly(self) -> None:
        items = drawn(500)
        folding = of(items)
        none = replace(folding, prior=0.0)

        def nearer(seeds: list[int]) -> float:
            one, other = (nobody_but(items, each, seeds).factors for each in (folding, none))
            return float((one - other) @ folding.centre)

        assert nearer([4]) > 0.002
        assert nearer([4]) > 10 * abs(nearer(list(range(100)))) > 0

    def test_nothing_trained_at_all(self) -> None:
        items = np.zeros((5, 4), np.float32)
        folding = SoftmaxFolding.of(items[:2], items, np.zeros(5, np.float32), 1.0, 0.2, 8, 1.0)
        assert not nobody_but(items, folding, [1]).factors.any()

    def test_weights_that_do_not_fit_are_refused(self) -> None:
        ones = np.ones(9, np.float32)
        with pytest.raises(RecsysError, match="got 9 weights for 5 sampled items"):
            SoftmaxFolding(drawn(5), ones, ones, ones[:8], 0.2, 8.0, 1.0)


def of(
    items: Float32Array, chances: Float32Array | None = None, correction: float = 1.0,
    temperature: float = 0.2,
) -> SoftmaxFolding:  # fmt: skip
    given = np.ones(len(items), np.float32) if chances is None else chances
    return SoftmaxFolding.of(drawn(30, seed=9), items, given, correction, temperature, 64, 1.0)


def test_the_gram_a_part_at_a_time_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    items = drawn(100)
    items[::3] = 0
    bias = np.random.default_rng(3).normal(size=100).astype(np.float32)
    whole = RidgeFolding.of(items, bias, 0.3, 0.1, 1.0, unplayed=4.0)
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 7)
    parts = RidgeFolding.of(items, bias, 0.3, 0.1, 1.0, unplayed=4.0)
    np.testing.assert_allclose(parts.gram, whole.gram, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts.pull, whole.pull, rtol=1e-5, atol=1e-6)
    trained = items.any(axis=1)
    rows = np.column_stack([items[trained], np.ones(66)]).astype(np.float64)
    np.testing.assert_allclose(whole.gram, rows.T @ rows / 66, rtol=1e-5, atol=1e-6)
    expected = (-0.3 - bias[trained]) @ rows / 66
    np.testing.assert_allclose(whole.pull, expected, rtol=1e-5, atol=1e-6)
    assert whole.unobserved_weight == 4
    alone = RidgeFolding.of(items, bias, 0.3, 0.1, 1.0, unplayed=0.0)
    assert not alone.pull.any()
    assert alone.unobserved_weight == module.UNOBSERVED_WEIGHT
