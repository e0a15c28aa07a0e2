from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.svd.config import SvdConfig
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.training import Training, train
from recsys_dagster_tests.models import checkerboard


def bytes_of(model: SvdModel) -> list[bytes]:
    return [getattr(model, name).tobytes() for name in ("user_factors", "item_factors", "gram")]


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
        "config": SvdConfig(factors=3, epochs=5),
    }
    return train(**{**arguments, **changes})


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert bytes_of(checkerboard.trained().model) == bytes_of(checkerboard.trained().model)


def test_chunks_and_blocks_are_reproducible_and_change_the_order_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = checkerboard.trained().model
    monkeypatch.setattr("recsys_dagster.models.svd.descent.CHUNK_PAIRS", 100)
    monkeypatch.setattr("recsys_dagster.models.svd.descent.BLOCK_ITEMS", 8)
    chunked = checkerboard.trained().model
    assert bytes_of(chunked) == bytes_of(checkerboard.trained().model)
    users, items, _ = checkerboard.plays()
    difference = chunked.predict(users, items) - whole.predict(users, items)
    assert np.abs(difference).max() < 0.5


def test_the_arrays_of_the_caller_stay_as_they_are() -> None:
    users = np.array([0, 0, 1, 1, 2], dtype=np.int32)
    tiny(users=users)
    assert users.tolist() == [0, 0, 1, 1, 2]


def test_errors_fall_and_are_those_of_the_model() -> None:
    training = checkerboard.validated()
    assert [loss.epoch for loss in training.curve] == list(range(len(training.curve)))
    assert training.curve[-1].train_mse < training.curve[0].train_mse / 10
    users, items, counts = checkerboard.plays()
    valid = np.random.default_rng(1).permutation(len(users))[:300]
    errors = np.log1p(counts[valid]) - training.model.predict(users[valid], items[valid])
    best = min(training.curve, key=lambda loss: loss.valid_mse)
    assert best.epoch == training.best_epoch
    assert (errors**2).mean() == pytest.approx(best.valid_mse, rel=1e-4)


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
    assert all(np.isnan(loss.valid_mse) for loss in training.curve)


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
        config=replace(SvdConfig(), epochs=50),
    ).model
    assert np.isfinite(model.item_factors).all()
    assert model.predict(np.array([0]), np.array([2]))[0] == pytest.approx(np.log(1e7), abs=0.5)


@pytest.mark.parametrize("learning_rate", [3.0, 1e30])
def test_a_huge_learning_rate_says_what_to_change(learning_rate: float) -> None:
    config = replace(checkerboard.CONFIG, learning_rate=learning_rate)
    with pytest.raises(RecsysError, match=r"diverged in epoch \d+: .* Lower learning_rate"):
        checkerboard.validated(config)


def test_alike_ratings_do_not_look_like_divergence() -> None:
    training = tiny(plays=np.full(5, 4))
    assert training.curve[-1].train_mse < 0.01


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": np.zeros(0, dtype=np.int64)}, "got 0 training pairs of 5"),
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
