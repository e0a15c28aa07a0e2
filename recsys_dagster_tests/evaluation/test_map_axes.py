import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.evaluation.map_axes import (
    WORDS,
    describe_axis,
    dimension_names,
    main_plane,
    varimax,
)
from recsys_dagster.models.arrays import Float64Array
from recsys_dagster_tests.tiers import examples

NAMES = dimension_names(FEATURES)


@settings(max_examples=examples(50))
@given(st.integers(2, 14), st.integers(0, 1000), st.booleans())
def test_varimax_is_the_best_turn_of_all(size: int, seed: int, upright: bool) -> None:
    plane = np.random.default_rng(seed).normal(size=(size, 2))
    plane = np.linalg.qr(plane)[0] if upright else plane
    turned = varimax(plane)

    def clearness(one: Float64Array) -> float:
        return float((one**2).var(axis=0).sum())

    angles = np.linspace(0, np.pi, 181)
    turns = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in angles]
    assert clearness(turned) >= max(clearness(plane @ turn) for turn in turns) - 1e-9
    np.testing.assert_allclose(turned @ turned.T, plane @ plane.T, atol=1e-9)


def test_words_of_a_known_axis() -> None:
    direction = np.zeros(len(NAMES))
    for name, weight in {"tempo": -0.6, "liveness": 0.5, "mode": 0.31, "valence": 0.1}.items():
        direction[NAMES.index(name)] = weight
    axis = describe_axis(direction, NAMES, 0.25)
    assert axis.name == "fast, studio, minor ↔ slow, live, major"
    assert axis.to_dict() | {"weights": {}} == {
        "name": axis.name, "low": "fast, studio, minor", "high": "slow, live, major",
        "share": 0.25, "weights": {},
    }  # fmt: skip
    assert axis.weights["tempo"] == -0.6


def test_every_dimension_has_words() -> None:
    assert set(NAMES) == set(WORDS)
    unknown = describe_axis(np.array([1.0, 0.0]), ["grit", "energy"], 1.0)
    assert unknown.name == "little grit ↔ much grit"


def test_an_axis_without_energy_points_to_more_of_its_heaviest() -> None:
    covariance = np.diag([3.0, 2.0])
    plane = main_plane(covariance, ["tempo", "liveness"])
    np.testing.assert_allclose(plane, np.eye(2), atol=1e-9)


def test_energy_points_right_and_happiness_up_also_where_something_else_weighs_more() -> None:
    names = ["tempo", "energy", "liveness", "valence"]
    axes = np.array([[0.8, -0.6, 0, 0], [0, 0, 0.8, -0.6]])
    for first, second in ((3.0, 2.0), (2.0, 3.0)):
        covariance = first * np.outer(axes[0], axes[0]) + second * np.outer(axes[1], axes[1])
        np.testing.assert_allclose(main_plane(covariance, names), -axes.T, atol=1e-9)
