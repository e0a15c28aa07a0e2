"""Learning on, from a model of nearly the same pairs."""

from typing import Any

import numpy as np
import pytest

from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.fitting import fit_again, fit_all
from recsys_dagster.models.svd.training import Config, Training
from recsys_dagster_tests.worlds import Shape, interactions

SHAPE = Shape(users=20, songs=60, forgotten=())
USERS, ITEMS, PLAYS = interactions(SHAPE, np.random.default_rng(0))
LAST = SHAPE.users - 1
EPOCHS = 8
BOTH = pytest.mark.parametrize(
    "config",
    [SquaredConfig(factors=4, epochs=EPOCHS), RankingConfig(factors=4, epochs=EPOCHS)],
    ids=["squared", "ranking"],
)


def base(config: Config, users: Any, n_users: int) -> Training:
    """The model of all but the last listener's pairs."""
    old = users < LAST
    return fit_all(
        users[old], ITEMS[old], PLAYS[old],
        n_users=n_users, n_items=SHAPE.songs, epochs=EPOCHS, config=config,
    )  # fmt: skip


def again(config: Config, users: Any, known: Any) -> Training:
    return fit_again(
        users, ITEMS, PLAYS, n_users=SHAPE.users, n_items=SHAPE.songs, epochs=EPOCHS,
        config=config, start=base(config, USERS, LAST).model, known=known,
    )  # fmt: skip


@BOTH
def test_it_is_the_same_wherever_new_listeners_are_numbered(config: Config) -> None:
    """Names are sorted, so a new one comes between the others and moves them."""
    at_the_end = again(config, USERS, np.arange(LAST)).model
    moved = (USERS + 1) % SHAPE.users  # the new one is 0 now
    in_front = again(config, moved, np.arange(1, SHAPE.users)).model
    np.testing.assert_array_equal(in_front.item_factors, at_the_end.item_factors)
    np.testing.assert_array_equal(in_front.user_factors, np.roll(at_the_end.user_factors, 1, 0))
    np.testing.assert_array_equal(in_front.user_bias, np.roll(at_the_end.user_bias, 1))


@BOTH
def test_it_starts_from_what_was_learned_and_learns_whom_it_did_not_know(config: Config) -> None:
    before, after = base(config, USERS, LAST).model, again(config, USERS, np.arange(LAST)).model
    anew = fit_all(
        USERS, ITEMS, PLAYS,
        n_users=SHAPE.users, n_items=SHAPE.songs, epochs=EPOCHS, config=config,
    ).model  # fmt: skip
    near, far = (np.abs(model.item_factors - before.item_factors).mean() for model in (after, anew))
    assert near < far
    assert after.user_factors[LAST].any()


@BOTH
def test_a_listener_who_left_is_forgotten(config: Config) -> None:
    """Of the earlier model's listeners the first has gone; the others moved one down."""
    known = np.arange(-1, LAST - 1)
    users = np.where(USERS == 0, SHAPE.users, USERS) - 1  # its pairs are those of a new one
    model = again(config, users, known).model
    assert np.isfinite(model.user_factors).all()
    assert model.user_factors.shape[0] == SHAPE.users


@BOTH
def test_songs_without_factors_before_are_learned(config: Config) -> None:
    start = base(config, USERS, LAST).model
    start.item_factors[ITEMS[0]] = 0.0
    found = fit_again(
        USERS, ITEMS, PLAYS, n_users=SHAPE.users, n_items=SHAPE.songs, epochs=EPOCHS,
        config=config, start=start, known=np.arange(LAST),
    ).model  # fmt: skip
    assert found.item_factors[ITEMS[0]].any()


def test_it_takes_a_quarter_of_the_epochs() -> None:
    config = RankingConfig(factors=4, epochs=40)
    start = base(config, USERS, LAST).model
    training = fit_again(
        USERS, ITEMS, PLAYS, n_users=SHAPE.users, n_items=SHAPE.songs, epochs=40,
        config=config, start=start, known=np.arange(LAST),
    )  # fmt: skip
    assert len(training.curve) == 1 + 10
