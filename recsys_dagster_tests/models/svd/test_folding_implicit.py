"""A listener of alternating least squares, folded in, is the one of training."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys_dagster.models.svd.als_config import ImplicitConfig
from recsys_dagster.models.svd.folding_implicit import ImplicitFolding
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster_tests import worlds
from recsys_dagster_tests.models import alternating
from recsys_dagster_tests.models.alternating import Ints

SHAPE = worlds.Shape(users=30, songs=60, played_share=0.4)
CONFIG = ImplicitConfig(factors=6, iterations=3, play_exponent=0.8, confidence=3.0)


def fitted(config: ImplicitConfig = CONFIG) -> tuple[SvdModel, Ints, Ints, Ints]:
    users, items, plays = worlds.interactions(SHAPE, np.random.default_rng(0))
    return (
        alternating.implicit(users, items, plays, SHAPE.users, SHAPE.songs, config),
        users, items, plays,
    )  # fmt: skip


def test_a_training_listener_folded_in_is_the_trained_one() -> None:
    model, users, items, plays = fitted()
    as_trained = alternating.with_prior(model, 0.0)
    for user in range(SHAPE.users):
        own = users == user
        new = as_trained.fold_in(items[own], np.log1p(plays[own]).astype(np.float32))
        np.testing.assert_allclose(new.factors, model.user_factors[user], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("seeds", [[3], [1, 5, 9]])
def test_the_prior_pulls_towards_the_mean(seeds: list[int]) -> None:
    model, *_ = fitted()
    pulled = [
        alternating.with_prior(model, prior).fold_in(np.array(seeds)).factors
        for prior in (0.0, 2.0, 50.0, 1e6)
    ]
    centre = model.user_factors.mean(axis=0)
    apart = [float(np.linalg.norm(one - centre)) for one in pulled]
    assert apart == sorted(apart, reverse=True)
    np.testing.assert_allclose(pulled[-1], centre, rtol=1e-3, atol=1e-4)


def test_who_is_folded_in_is_where_the_definition_is_lowest() -> None:
    model, *_ = fitted()
    folding, seeds = model.folding, np.array([1, 5])
    assert isinstance(folding, ImplicitFolding)
    rows = model.item_factors.astype(np.float64)
    x, played = model.fold_in(seeds).factors.astype(np.float64), rows[seeds]
    confidences = folding.confidences(seeds, None)
    slope = (
        rows.T @ (rows @ x) - played.T @ (played @ x)
        - played.T @ ((1 + confidences) * (1 - played @ x))
        + len(seeds) * folding.regularisation * x + folding.prior * (x - folding.centre)
    )  # fmt: skip
    np.testing.assert_allclose(slope, 0, atol=1e-4)
    assert np.abs(folding.prior * (x - folding.centre)).max() > 0.01


def test_the_parts_sum_to_the_listener() -> None:
    model, *_ = fitted()
    new = model.fold_in(np.array([1, 5, 5, 9]))
    np.testing.assert_allclose(new.parts.sum(axis=0)[:-1], new.factors, atol=1e-6)
    assert (new.parts[1] == new.parts[2]).all()
    assert not new.parts[:, -1].any()


@pytest.mark.parametrize("seeds", [[], [SHAPE.forgotten[0]]])
def test_of_whom_nothing_is_known_the_centre_is_taken(seeds: list[int]) -> None:
    model, *_ = fitted()
    nobody = model.fold_in(np.array(seeds, dtype=np.int64))
    np.testing.assert_allclose(nobody.factors, model.user_factors.mean(axis=0), rtol=1e-4)
    if seeds:
        np.testing.assert_allclose(nobody.parts.sum(axis=0)[:-1], nobody.factors, rtol=1e-5)


def test_a_song_that_was_not_trained_on_says_nothing() -> None:
    model, *_ = fitted()
    some = np.array([1, 5, *SHAPE.forgotten[:1]])
    assert (model.fold_in(some).factors == model.fold_in(some[:2]).factors).all()


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 30.0}, {"play_exponent": 0.0}, {"popularity_exponent": 1.0},
        {"regularisation": 1.0}, {"seed": 1}, {"iterations": 1},
    ],
    ids=str,
)  # fmt: skip
def test_each_setting_has_an_effect(change: dict[str, Any]) -> None:
    plain, other = fitted()[0], fitted(replace(CONFIG, **change))[0]
    assert not np.allclose(plain.item_factors, other.item_factors, rtol=1e-3)


def test_a_model_of_the_first_version_has_no_prior(tmp_path: Path) -> None:
    model, *_ = fitted()
    model.save(tmp_path)
    settings = json.loads((tmp_path / "model.json").read_text())
    del settings["prior"]
    (tmp_path / "model.json").write_text(json.dumps(settings))
    seeds = np.array([2, 7])
    expected = alternating.with_prior(model, 0.0).fold_in(seeds).factors
    assert (SvdModel.load(tmp_path).fold_in(seeds).factors == expected).all()


def test_saved_and_loaded_it_folds_in_the_same(tmp_path: Path) -> None:
    model, *_ = fitted()
    model.save(tmp_path)
    again = SvdModel.load(tmp_path)
    assert again.folding.objective == "implicit"
    seeds = np.array([2, 7])
    assert (again.fold_in(seeds).factors == model.fold_in(seeds).factors).all()
