from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.splits import random_split
from recsys_dagster.models.svd import fitting
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.fitting import (
    FEWEST_EPOCHS,
    MOST_UPDATES,
    config_for,
    fit_all,
    fit_held_out,
    is_cut_short,
    ranking_config,
    squared_config,
    unplayed_per_pair,
)
from recsys_dagster.models.svd.training import Training, train
from recsys_dagster.models.svd.unplayed import with_unplayed
from recsys_dagster_tests.worlds import Shape, interactions

SHAPE = Shape(users=20, songs=60, forgotten=())
USERS, ITEMS, PLAYS = interactions(SHAPE, np.random.default_rng(0))
TRAIN, VALID, TEST = random_split(len(USERS), rng=0)
CONFIG = SquaredConfig(factors=4, epochs=8, learning_rate=0.05, init_scale=0.1)
SIZE: dict[str, Any] = {"n_users": SHAPE.users, "n_items": SHAPE.songs}


def held_out(
    plays: NDArray[Any] = PLAYS, config: SquaredConfig = CONFIG, items: NDArray[Any] = ITEMS
) -> Training:
    return fit_held_out(USERS, items, plays, parts=(TRAIN, VALID), config=config, **SIZE)


def as_bytes(training: Training) -> list[bytes]:
    model = training.model
    arrays = (model.user_bias, model.item_bias, model.user_factors, model.item_factors)
    return [array.tobytes() for array in arrays] + [repr(training.curve).encode()]


def changed(values: NDArray[Any], part: NDArray[Any]) -> NDArray[Any]:
    other = values.copy()
    other[part] = (other[part] + 7) % 60 + 1 if values is PLAYS else (other[part] + 7) % 60
    return other


def test_the_test_part_is_never_looked_at() -> None:
    expected = as_bytes(held_out())
    assert as_bytes(held_out(plays=changed(PLAYS, TEST))) == expected
    assert as_bytes(held_out(items=changed(ITEMS, TEST))) == expected


@pytest.mark.parametrize("part", [TRAIN, VALID], ids=["train", "valid"])
def test_train_and_valid_are_looked_at(part: NDArray[Any]) -> None:
    expected = held_out()
    assert held_out(plays=changed(PLAYS, part)).curve != expected.curve


def test_valid_decides_the_epoch_and_no_number() -> None:
    """With other play counts to validate on, the same epochs give the same training errors."""
    config = replace(CONFIG, patience=8)
    one, other = held_out(config=config), held_out(plays=changed(PLAYS, VALID), config=config)
    assert [loss.train_loss for loss in one.curve] == [loss.train_loss for loss in other.curve]


def test_the_same_seed_is_the_same_bytes() -> None:
    assert as_bytes(held_out()) == as_bytes(held_out())
    assert as_bytes(held_out()) != as_bytes(held_out(config=replace(CONFIG, seed=1)))
    whole = [
        fit_all(USERS, ITEMS, PLAYS, epochs=3, config=replace(CONFIG, seed=seed), **SIZE)
        for seed in (0, 0, 1)
    ]
    assert as_bytes(whole[0]) == as_bytes(whole[1]) != as_bytes(whole[2])


def test_the_epochs_that_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    training = fit_all(USERS, ITEMS, PLAYS, epochs=3, config=CONFIG, **SIZE)
    assert [loss.epoch for loss in training.curve] == [0, 1, 2, 3]
    assert training.best_epoch == 3
    monkeypatch.setattr(fitting, "UNPLAYED_PER_PAIR", 0)
    monkeypatch.setattr(fitting, "unplayed_per_pair", lambda *_: 0)
    without = fit_all(USERS, ITEMS, PLAYS, epochs=3, config=CONFIG, **SIZE)
    assert without.model.mean > training.model.mean  # no zeros among the ratings


def test_the_model_tells_played_from_unplayed() -> None:
    training = fit_all(USERS, ITEMS, PLAYS, epochs=60, config=replace(CONFIG, epochs=60), **SIZE)
    users, items = np.divmod(np.arange(SHAPE.users * SHAPE.songs), SHAPE.songs)
    predicted = training.model.predict(users, items)
    assert predicted[users % 2 == items % 2].mean() > predicted[users % 2 != items % 2].mean() + 0.5


PLAY_COUNTS = st.lists(st.integers(1, 100_000), min_size=1, max_size=50)


@given(plays=PLAY_COUNTS)
def test_settings_scale_with_the_play_counts(plays: list[int]) -> None:
    config = squared_config(np.array(plays))
    more = squared_config(np.array(plays) * 10)
    assert 0 < config.learning_rate <= 0.1
    assert more.learning_rate <= config.learning_rate
    assert more.regularisation >= config.regularisation > 0
    scale = max(float(np.mean(np.log1p(plays))), 0.1)
    assert config.learning_rate == pytest.approx(min(0.08 / scale, 0.1), abs=1e-4)
    assert config.regularisation == pytest.approx(0.015 * scale, abs=1e-4)


def test_settings_for_weeks_and_for_years() -> None:
    weeks, years = squared_config(np.full(100, 1)), squared_config(np.full(100, 400))
    assert weeks.learning_rate / years.learning_rate > 5
    assert years.regularisation / weeks.regularisation > 5
    assert squared_config(np.empty(0, np.int64)).learning_rate > 0


@pytest.mark.parametrize("factor", [1, 20, 400])
def test_years_and_weeks_train_alike(factor: int) -> None:
    plays = PLAYS * factor
    config = replace(squared_config(plays), factors=4, epochs=15)
    training = held_out(plays=plays, config=config)
    assert training.curve[training.best_epoch].valid < 0.97 * training.curve[0].valid


@given(pairs=st.integers(0, 10**9), cells=st.integers(0, 10**12))
def test_unplayed_pairs_are_bounded(pairs: int, cells: int) -> None:
    found = unplayed_per_pair(pairs, cells)
    assert 1 <= found <= fitting.UNPLAYED_PER_PAIR
    if found > 1:
        assert found * pairs <= fitting.MAX_UNPLAYED
        assert found * pairs <= fitting.MAX_SHARE * cells


def test_unplayed_pairs_as_many_as_there_is_room_for() -> None:
    assert unplayed_per_pair(1_000, 10**9) == fitting.UNPLAYED_PER_PAIR
    assert unplayed_per_pair(10_000_000, 10**12) == 4
    assert unplayed_per_pair(100, 1_000) == 4
    assert unplayed_per_pair(100, 100) == 1


def test_validation_pairs_are_unplayed_by_train_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def noted(users: Any, items: Any, plays: Any, **named: Any) -> Training:
        seen.update(named, pairs=users * SHAPE.songs + items, plays=plays)
        return train(users, items, plays, **named)

    monkeypatch.setattr(fitting, "train", noted)
    held_out()
    keys = USERS * SHAPE.songs + ITEMS
    for part, known in (("train", TRAIN), ("valid", np.concatenate([TRAIN, VALID]))):
        unplayed = seen["pairs"][seen[part]][seen["plays"][seen[part]] == 0]
        assert len(unplayed) > 20
        assert not np.isin(unplayed, keys[known]).any()
    played = [np.sort(seen["pairs"][seen[part]][seen["plays"][seen[part]] > 0])
              for part in ("train", "valid")]  # fmt: skip
    assert [one.tolist() for one in played] == [np.sort(keys[p]).tolist() for p in (TRAIN, VALID)]
    assert not np.isin(seen["train"], seen["valid"]).any()


class TestAlsoPlayed:
    """The parameter of `with_unplayed` that names more known pairs."""

    known = (USERS[TRAIN], ITEMS[TRAIN])
    pairs = (USERS[VALID], ITEMS[VALID], PLAYS[VALID])

    def drawn(self, **named: Any) -> set[tuple[int, int]]:
        users, items, plays = with_unplayed(*self.pairs, n_items=60, per_pair=40, rng=3, **named)
        assert not plays[len(VALID) :].any()
        return set(zip(users[len(VALID) :].tolist(), items[len(VALID) :].tolist(), strict=True))

    def test_they_are_not_drawn_and_nothing_else_changes(self) -> None:
        known = set(zip(self.known[0].tolist(), self.known[1].tolist(), strict=True))
        free = self.drawn()
        assert free & known
        assert self.drawn(also_played=self.known) == free - known

    def test_none_at_all(self) -> None:
        nothing = (np.empty(0, np.int64), np.empty(0, np.int64))
        assert self.drawn(also_played=nothing) == self.drawn()

    def test_small_types_do_not_overflow(self) -> None:
        small = (self.known[0].astype(np.int8), self.known[1].astype(np.int8))
        assert self.drawn(also_played=small) == self.drawn(also_played=self.known)


@pytest.mark.parametrize(("users", "songs"), [(1, 3), (1, 1), (3, 1), (2, 2)])
def test_tiny_data(users: int, songs: int) -> None:
    u, i = np.divmod(np.arange(users * songs), songs)
    plays = np.arange(1, len(u) + 1)
    size: dict[str, Any] = {"n_users": users, "n_items": songs}
    learn, check, _ = random_split(len(u), rng=0)
    config = squared_config(plays)
    training = fit_held_out(u, i, plays, parts=(learn, check), config=config, **size)
    assert 1 <= training.best_epoch <= config.epochs
    whole = fit_all(u, i, plays, epochs=training.best_epoch, config=config, **size)
    assert np.isfinite(whole.model.predict(u, i)).all()


def test_nothing_to_train_on_is_said_in_words() -> None:
    nothing = np.empty(0, np.int64)
    with pytest.raises(RecsysError, match="nothing to train on"):
        fit_held_out(
            nothing,
            nothing,
            nothing,
            parts=(nothing, nothing),
            config=squared_config(nothing),
            **SIZE,
        )


@given(pairs=st.integers(0, 10**10))
def test_of_many_pairs_fewer_epochs_do(pairs: int) -> None:
    config, usual = ranking_config(pairs), RankingConfig()
    assert replace(config, epochs=usual.epochs) == usual
    assert FEWEST_EPOCHS <= config.epochs <= usual.epochs
    assert pairs * config.epochs <= max(MOST_UPDATES, FEWEST_EPOCHS * pairs)
    assert ranking_config(2 * pairs).epochs <= config.epochs
    assert is_cut_short(config) == (config.epochs < usual.epochs)


def test_usual_histories_have_all_epochs() -> None:
    assert not is_cut_short(config_for("ranking", np.ones(600_000, np.int64)))
    assert is_cut_short(config_for("ranking", np.ones(1_000_000, np.int64)))
