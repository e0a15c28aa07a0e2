from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.descent import SquaredDescent
from recsys_dagster.models.svd.model import ARRAYS, SvdModel
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.training import (
    Config,
    Training,
    TrainingDivergedError,
    train,
    train_pairs,
)
from recsys_dagster_tests.models import checkerboard
from recsys_dagster_tests.models.svd.test_folding import listening


def bytes_of(model: SvdModel) -> list[bytes]:
    return [getattr(model, name).tobytes() for name in ARRAYS]


def tiny(**changes: Any) -> Training:
    """Three users and four items; user 2 and item 3 never occur in train."""
    arguments: dict[str, Any] = {
        "users": np.array([0, 0, 1, 1, 2]),
        "items": np.array([0, 1, 1, 2, 3]),
        "plays": np.array([1, 5, 20, 3, 9]),
        "n_users": 3,
        "n_items": 4,
        "train": np.arange(4),
        "valid": np.zeros(0, dtype=np.int64),
        "config": SquaredConfig(factors=3, epochs=5),
    }
    return train(**{**arguments, **changes})


BOTH = pytest.mark.parametrize(
    "config", [checkerboard.CONFIG, checkerboard.RANKING], ids=["squared", "ranking"]
)


@BOTH
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_seed_and_threads_give_the_same_bytes(config: Config, threads: int) -> None:
    config = replace(config, threads=threads, epochs=5)
    once, again = (bytes_of(checkerboard.trained(config).model) for _ in range(2))
    assert once == again


@BOTH
def test_small_blocks_change_the_order_only(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = checkerboard.trained(config).model
    monkeypatch.setattr("recsys_dagster.models.svd.descent.BLOCK_ITEMS", 8)
    monkeypatch.setattr("recsys_dagster.models.svd.descent.NEGATIVE_BLOCK_ITEMS", 10)
    blocks = checkerboard.trained(config).model
    users, items, _ = checkerboard.plays()
    assert bytes_of(blocks) != bytes_of(whole)
    one, other = blocks.predict(users, items), whole.predict(users, items)
    assert np.corrcoef(one, other)[0, 1] > 0.9


def test_the_arrays_of_the_caller_stay_as_they_are() -> None:
    users = np.array([0, 0, 1, 1, 2], dtype=np.int32)
    tiny(users=users)
    assert users.tolist() == [0, 0, 1, 1, 2]


def test_errors_fall_and_are_those_of_the_model() -> None:
    training = checkerboard.validated()
    assert [loss.epoch for loss in training.curve] == list(range(len(training.curve)))
    assert training.curve[-1].train_loss < training.curve[0].train_loss / 10
    users, items, counts = checkerboard.plays()
    valid = np.random.default_rng(1).permutation(len(users))[: len(users) // 5]
    errors = np.log1p(counts[valid]) - training.model.predict(users[valid], items[valid])
    best = min(training.curve, key=lambda loss: loss.valid)
    assert best.epoch == training.best_epoch
    assert (errors**2).mean() == pytest.approx(best.valid, rel=1e-4)


def test_what_is_not_in_train_is_zero_and_predicts_the_mean() -> None:
    model = tiny().model
    assert not model.user_factors[2].any()
    assert not model.item_factors[3].any()
    assert model.item_factors[:3].any(axis=1).all()
    assert model.item_bias[3] == model.user_bias[2] == 0
    assert model.predict(np.array([2]), np.array([3]))[0] == np.float32(model.mean)


def test_no_valid_pairs_run_all_epochs() -> None:
    training = tiny()
    assert training.best_epoch == 5
    assert len(training.curve) == 6
    assert all(np.isnan(figures.valid) for figures in training.curve)


def test_the_ranking_is_validated_by_the_model_that_is_kept() -> None:
    training = checkerboard.validated(checkerboard.RANKING)
    assert training.measure == "ndcg@20"
    assert np.isnan(training.curve[0].train_loss)
    best = training.curve[training.best_epoch]
    assert best.valid == max(figures.valid for figures in training.curve[1:])
    assert best.valid > 0.9 > training.curve[0].valid + 0.2


@BOTH
def test_stopping_after_some_epochs_is_the_beginning_of_all(config: Config) -> None:
    users, items, plays = checkerboard.pairs_for(config)
    size: dict[str, Any] = {"n_users": checkerboard.SIZE, "n_items": checkerboard.SIZE}
    pairs = Pairs.of(users, items, plays, **size)
    short = train_pairs(pairs, config=config, stop_after=3, **size)
    assert short.best_epoch == 3
    whole = checkerboard.trained(config)
    losses = [[figures.train_loss for figures in one.curve[1:4]] for one in (short, whole)]
    assert losses[0] == losses[1]


def checkerboard_from(start: SvdModel, config: Config) -> Training:
    users, items, counts = checkerboard.plays()
    size: dict[str, Any] = {"n_users": checkerboard.SIZE, "n_items": checkerboard.SIZE}
    pairs = Pairs.of(users, items, counts, **size)
    return train_pairs(pairs, config=config, start=start, **size)


class TestWarmStart:
    """The ids of songs and listeners are append-only, so a model can go on where one was."""

    def trained(
        self, config: Config, share: float, epochs: int, start: SvdModel | None = None
    ) -> Training:
        """Train on the first users and items; which pairs validate is fixed for good."""
        ranking = isinstance(config, RankingConfig)
        users, items, plays = listening() if ranking else checkerboard.plays()
        valid = np.random.default_rng(2).random(len(users)) < 0.2
        n_users, n_items = round(users.max() * share) + 1, round(items.max() * share) + 1
        kept = (users < n_users) & (items < n_items)
        return train(
            users[kept], items[kept], plays[kept], n_users=n_users, n_items=n_items,
            train=np.flatnonzero(~valid[kept]), valid=np.flatnonzero(valid[kept]),
            config=replace(config, epochs=epochs, patience=epochs), start=start,
        )  # fmt: skip

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("config", "least"),
        [
            (checkerboard.CONFIG, -0.01),
            (
                RankingConfig(factors=16, learning_rate=0.03, negatives=32, play_exponent=0.0),
                0.03,
            ),
        ],
        ids=["squared", "ranking"],
    )
    def test_fewer_epochs_reach_the_same_quality(self, config: Config, least: float) -> None:
        """Five epochs from the model of nine tenths of all do as well as forty from nothing."""

        def quality(training: Training) -> float:
            best = training.curve[training.best_epoch].valid
            return best if training.measure == "ndcg@20" else -best

        before = self.trained(config, 0.9, epochs=40).model
        few = quality(self.trained(config, 1, epochs=5))
        warm = quality(self.trained(config, 1, epochs=5, start=before))
        many = quality(self.trained(config, 1, epochs=40))
        assert warm >= many - 0.01
        assert warm > few + least

    @BOTH
    def test_it_starts_from_what_was_learned(self, config: Config) -> None:
        before = self.trained(config, 0.8, epochs=30).model
        same = self.trained(config, 0.8, epochs=1, start=before).curve[0].valid
        cold = self.trained(config, 0.8, epochs=1).curve[0].valid
        if isinstance(config, RankingConfig):
            assert same > cold + 0.1
        else:
            assert same < cold / 2

    def test_a_start_that_does_not_fit_is_refused(self) -> None:
        squared, ranking = checkerboard.CONFIG, checkerboard.RANKING
        large = checkerboard.trained(squared).model
        with pytest.raises(RecsysError, match=r"40 users, 40 items .* at most 32 users, 32 items"):
            self.trained(squared, 0.8, 1, start=large)
        with pytest.raises(RecsysError, match="objective squared; expected ranking"):
            checkerboard_from(large, ranking)
        with pytest.raises(RecsysError, match=r"4 factors; expected .* 6 factors"):
            checkerboard_from(large, replace(squared, factors=6))


def test_ten_million_plays_break_nothing() -> None:
    users, items, counts = checkerboard.plays()
    model = train(
        users,
        items,
        counts * 100_000,
        n_users=checkerboard.SIZE,
        n_items=checkerboard.SIZE,
        train=np.arange(len(users)),
        valid=np.zeros(0, dtype=np.int64),
        config=replace(SquaredConfig(), epochs=50),
    ).model
    assert np.isfinite(model.item_factors).all()
    assert model.predict(np.array([0]), np.array([2]))[0] == pytest.approx(np.log(1e7), abs=0.5)


@pytest.mark.parametrize("factor", [1, 100_000])
def test_ten_million_plays_do_not_break_the_ranking(factor: int) -> None:
    config = replace(checkerboard.RANKING, play_exponent=1.0)
    users, items, counts = checkerboard.pairs_for(config)
    positions = np.arange(len(users))
    model = train(
        users, items, counts * factor, n_users=40, n_items=40, train=positions,
        valid=positions[:0], config=config,
    ).model  # fmt: skip
    for factors in (model.user_factors, model.item_factors):
        np.testing.assert_allclose(np.linalg.norm(factors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("learning_rate", [3.0, 1e30])
def test_a_huge_learning_rate_says_what_to_change(learning_rate: float) -> None:
    config = replace(checkerboard.CONFIG, learning_rate=learning_rate)
    with pytest.raises(RecsysError, match=r"diverged in epoch \d+: .* Lower learning_rate"):
        checkerboard.validated(config)


@pytest.mark.parametrize("valid", [True, False])
def test_what_diverges_keeps_the_last_good_epoch(
    valid: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = SquaredDescent.epoch

    def epoch(self: SquaredDescent, rate: float) -> float:
        return usual(self, rate if rate > 0.02 else 1e30)

    monkeypatch.setattr(SquaredDescent, "epoch", epoch)
    config = replace(checkerboard.CONFIG, epochs=10, schedule="linear")  # below 0.02 in epoch 8
    with pytest.raises(TrainingDivergedError) as caught:
        (checkerboard.validated if valid else checkerboard.trained)(config)
    good = caught.value.last_good
    assert good is not None
    assert good.best_epoch == len(good.curve) - 1 == 7
    assert np.isfinite(good.model.item_factors).all()
    monkeypatch.undo()
    users, items, counts = checkerboard.plays()
    everything = (users, items, counts)
    size: dict[str, Any] = {"n_users": checkerboard.SIZE, "n_items": checkerboard.SIZE}
    if not valid:
        pairs = Pairs.of(*everything, **size)
        expected = train_pairs(pairs, config=config, stop_after=7, **size).model
        assert bytes_of(good.model) == bytes_of(expected)


def test_the_first_epoch_to_diverge_leaves_nothing() -> None:
    with pytest.raises(TrainingDivergedError) as caught:
        checkerboard.trained(replace(checkerboard.CONFIG, learning_rate=1e30))
    assert caught.value.last_good is None


def test_alike_ratings_do_not_look_like_divergence() -> None:
    training = tiny(plays=np.full(5, 4))
    assert training.curve[-1].train_loss < 0.01


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": np.zeros(0, dtype=np.int64)}, "got 0 training pairs; expected at least 1"),
        ({"users": np.array([0, 0, 1, 1, 3])}, r"users must lie in 0 … 2; got 0 … 3"),
        ({"items": np.array([0, 1, 1, 2, -1])}, r"items must lie in 0 … 3; got -1 … 2"),
        ({"items": np.array([0.0, 1, 1, 2, 3])}, "whole numbers; got float64"),
        ({"plays": np.array([1, 5, np.nan, 3, 9])}, "got nan at position 2"),
        ({"plays": np.array([1, 5, 20, -3, 9])}, r"got -3\.0 at position 3"),
        ({"plays": np.array([1])}, "1 play counts"),
    ],
)
def test_wrong_input_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecsysError, match=message):
        tiny(**changes)


def test_progress_hears_of_every_epoch() -> None:
    notes: list[str] = []

    class Listener:
        def advance(self, steps: int = 1, note: str = "") -> None:
            notes.extend([note] * steps)

        @contextmanager
        def task(self, description: str, total: int) -> Iterator["Listener"]:
            assert (description, total) == ("Training the factorisation", 5)
            yield self

    tiny(progress=Listener())
    assert len(notes) == 5
    assert notes[0].startswith("train 0.")
