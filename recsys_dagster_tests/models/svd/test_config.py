from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.svd.config import SCHEDULES, RankingConfig, Schedule, SquaredConfig
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.training import Config, train
from recsys_dagster_tests.models import checkerboard


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("factors", 0),
        ("factors", 2.5),
        ("epochs", 0),
        ("patience", 0),
        ("seed", -1),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("init_scale", float("inf")),
        ("regularisation", -0.1),
        ("regularisation", float("inf")),
        ("frequency_exponent", 1.5),
        ("threads", 0),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(RecsysError, match=f"{name} must be .* got {value}"):
        SquaredConfig(**wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("negatives", 0),
        ("temperature", 0.0),
        ("negative_exponent", 1.1),
        ("negative_exponent", -0.1),
        ("correction", float("nan")),
        ("play_exponent", -1.0),
    ],
)
def test_settings_of_the_ranking_out_of_range_are_refused(name: str, value: float) -> None:
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(RecsysError, match=f"{name} must be .* got {value}"):
        RankingConfig(**wrong)


def test_an_unknown_schedule_is_refused() -> None:
    wrong: dict[str, Any] = {"schedule": "sudden"}
    with pytest.raises(RecsysError, match="one of constant, linear, cosine; got 'sudden'"):
        SquaredConfig(**wrong)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_fall_from_the_rate_and_stay_above_zero(schedule: Schedule) -> None:
    config = SquaredConfig(epochs=10, learning_rate=0.5, schedule=schedule)
    rates = [config.rate(epoch) for epoch in range(1, 11)]
    assert rates[0] == 0.5
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0
    assert (len(set(rates)) == 1) == (schedule == "constant")
    middle = {"constant": 0.5, "linear": 0.25, "cosine": 0.25}
    assert config.rate(6) == pytest.approx(middle[schedule])


SHARED: list[tuple[str, Any]] = [
    ("factors", 5),
    ("epochs", 2),
    ("learning_rate", 0.02),
    ("schedule", "cosine"),
    ("init_scale", 0.2),
    ("threads", 1),
    ("seed", 7),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "name", "value"),
    [
        *((checkerboard.CONFIG, *one) for one in SHARED),
        (checkerboard.CONFIG, "regularisation", 0.1),
        (checkerboard.CONFIG, "frequency_exponent", 0.5),
        *((checkerboard.RANKING, *one) for one in SHARED if one[0] != "init_scale"),
        (checkerboard.RANKING, "negatives", 3),
        (checkerboard.RANKING, "negative_exponent", 0.5),
        (checkerboard.RANKING, "correction", 0.5),
        (checkerboard.RANKING, "temperature", 0.3),
        (checkerboard.RANKING, "play_exponent", 0.0),
    ],
)
def test_every_setting_changes_the_model(config: Config, name: str, value: Any) -> None:
    config = replace(config, epochs=3)
    changed: dict[str, Any] = {name: value}
    models = [uneven(config), uneven(replace(config, **changed))]
    assert models[0].item_factors.tobytes() != models[1].item_factors.tobytes()


def uneven(config: Config) -> SvdModel:
    """Trained on songs that differ in how many play them, and how often."""
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((20, 30)) < np.linspace(0.05, 0.9, 30))
    plays = rng.integers(1, 100, len(users))
    return train(
        users, items, plays, n_users=20, n_items=30, train=np.arange(len(users)),
        valid=np.zeros(0, np.int64), config=config,
    ).model  # fmt: skip


def test_patience_prolongs_training() -> None:
    config = replace(checkerboard.CONFIG, epochs=200)
    short = checkerboard.validated(replace(config, patience=1))
    long = checkerboard.validated(replace(config, patience=20))
    assert len(short.curve) < len(long.curve)
    assert len(short.curve) - 1 == short.best_epoch + 1
