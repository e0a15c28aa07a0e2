"""The settings of alternating least squares."""

from typing import Any

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.svd.als_config import ExplicitConfig, ImplicitConfig, als_config


@pytest.mark.parametrize("kind", [ImplicitConfig, ExplicitConfig])
@pytest.mark.parametrize(("name", "value"), [
    ("factors", 0), ("factors", 1.5), ("iterations", 0), ("blocks", 0), ("seed", -1),
    ("regularisation", 0), ("regularisation", float("inf")), ("regularisation", float("nan")),
])  # fmt: skip
def test_a_setting_outside_its_range_is_refused(kind: Any, name: str, value: float) -> None:
    with pytest.raises(RecsysError, match=f"^{name} must be a .*; got {value}"):
        kind(**{name: value})


@pytest.mark.parametrize(("kind", "name", "value"), [
    (ImplicitConfig, "confidence", 0), (ImplicitConfig, "play_exponent", -0.1),
    (ImplicitConfig, "play_exponent", 10.1), (ImplicitConfig, "popularity_exponent", 1.1),
    (ImplicitConfig, "popularity_exponent", -0.1), (ExplicitConfig, "bias_rounds", 0),
])  # fmt: skip
def test_so_is_one_of_one_preference(kind: Any, name: str, value: float) -> None:
    with pytest.raises(RecsysError, match=f"^{name} must be a .*; got {value}"):
        kind(**{name: value})


def test_the_ends_of_the_ranges_are_inside() -> None:
    least: dict[str, Any] = {
        "factors": 1, "iterations": 1, "blocks": 1, "seed": 0, "regularisation": 1e-9,
    }  # fmt: skip
    ImplicitConfig(**least, confidence=1e-9, play_exponent=0, popularity_exponent=0)
    ImplicitConfig(play_exponent=10, popularity_exponent=1)
    ExplicitConfig(**least, bias_rounds=1)


@pytest.mark.parametrize(("users", "factors"), [
    (0, 16), (16 * 6 + 5, 16), (17 * 6, 17), (64 * 6, 64), (10**6, 64),
])  # fmt: skip
def test_few_listeners_have_few_factors(users: int, factors: int) -> None:
    found = als_config("ranking", 2.0, users)
    assert (type(found), found.factors) == (ImplicitConfig, factors)


@pytest.mark.parametrize(("mean", "regularisation"), [
    (2.0, 0.06), (0.0, 0.003), (0.2, 0.006), (float("nan"), 0.03),
])  # fmt: skip
def test_the_squared_error_is_shrunk_by_the_mean_rating(mean: float, regularisation: float) -> None:
    found = als_config("squared", mean, 100)
    assert (type(found), found.regularisation) == (ExplicitConfig, regularisation)
