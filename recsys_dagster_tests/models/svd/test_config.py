from dataclasses import replace
from typing import Any

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.svd.config import SvdConfig
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
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(RecsysError, match=f"{name} must be .* got {value}"):
        SvdConfig(**wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("factors", 5),
        ("epochs", 2),
        ("learning_rate", 0.02),
        ("regularisation", 0.1),
        ("init_scale", 0.2),
        ("seed", 7),
    ],
)
def test_every_setting_changes_the_model(name: str, value: float) -> None:
    config = replace(checkerboard.CONFIG, epochs=3)
    changed: dict[str, Any] = {name: value}
    one = checkerboard.trained(config).model
    other = checkerboard.trained(replace(config, **changed)).model
    assert one.item_factors.tobytes() != other.item_factors.tobytes()


def test_patience_prolongs_training() -> None:
    config = replace(checkerboard.CONFIG, epochs=200)
    short = checkerboard.validated(replace(config, patience=1))
    long = checkerboard.validated(replace(config, patience=20))
    assert len(short.curve) < len(long.curve)
    assert len(short.curve) - 1 == short.best_epoch + 1
