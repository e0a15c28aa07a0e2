import random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recsys_dagster.evaluation import split as module
from recsys_dagster.evaluation.split import (
    ALL_FOLDS,
    COLD_IN,
    FOLDS,
    Split,
    hashed,
    hide,
    make_split,
)

NAMES = st.lists(st.text(max_size=8), unique=True, max_size=60)
PAIR = st.tuples(st.integers(0, 11), st.integers(0, 8), st.integers(0, 3), st.integers(0, 3))


def deal(names: list[str]) -> Split:
    nothing = np.empty(0, np.int64)
    return make_split(nothing, nothing, nothing, nothing, names)


def named(count: int) -> list[str]:
    return [f"listener {number}" for number in range(count)]


@st.composite
def splits(draw: Any) -> Split:
    """Listeners with songs that were played early, late or both."""
    played = {(user, song): (early, late) for user, song, early, late in draw(st.lists(PAIR))
              if early + late}  # fmt: skip
    rows = np.array([(*pair, *played[pair]) for pair in sorted(played)], np.int64).reshape(-1, 4)
    users, songs, early, late = rows.T
    return make_split(users, songs, early + late, early, named(12))


@given(NAMES)
def test_every_listener_is_in_one_fold_and_folds_are_balanced(names: list[str]) -> None:
    dealt = deal(names)
    sizes = [len(dealt.held_out(fold)) for fold in range(dealt.folds)]
    if len(names) < 2:
        assert sizes == []
    else:
        assert dealt.folds == min(FOLDS, len(names))
        assert max(sizes) - min(sizes) <= 1
        everybody = np.concatenate([dealt.held_out(fold) for fold in range(dealt.folds)])
        assert sorted(everybody.tolist()) == list(range(len(names)))
    assert set(dealt.group.tolist()) <= set(range(FOLDS))


def test_one_listener_cannot_be_held_out_and_none_is_no_trouble() -> None:
    assert (deal(["me"]).folds, deal(["me"]).fold.tolist()) == (0, [-1])
    assert (deal([]).folds, deal([]).timed) == (0, False)


@pytest.mark.parametrize(("count", "most", "held"), [(1_001, 2_000, 200), (1_500, 250, 250)])
def test_of_many_listeners_a_fifth_is_held_out_once(
    count: int, most: int, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_HELD", most)
    dealt = deal(named(count))
    assert count > ALL_FOLDS
    assert dealt.folds == 1
    assert len(dealt.held_out(0)) == held
    assert set(dealt.fold.tolist()) == {-1, 0}
    groups = np.bincount(dealt.group[dealt.held_out(0)])
    assert groups.tolist() == [held // FOLDS] * FOLDS


@given(NAMES, st.randoms(use_true_random=False))
def test_names_are_dealt_alike_whatever_their_order(names: list[str], rng: random.Random) -> None:
    other = names.copy()
    rng.shuffle(other)
    first, second = deal(names), deal(other)
    for of in ("fold", "group"):
        assert dict(zip(names, getattr(first, of).tolist(), strict=True)) == dict(
            zip(other, getattr(second, of).tolist(), strict=True)
        )


@given(splits())
def test_what_is_learned_and_what_is_checked_keep_apart(split: Split) -> None:
    for fold in range(split.folds):
        learned, checked = split.learned(fold), split.checked(fold)
        assert not (learned & checked).any()
        assert not np.isin(split.users[learned | checked], split.held_out(fold)).any()
        assert (split.early[learned] > 0).all()
        assert (split.early[checked] == 0).all()
        assert (split.late[checked] > 0).all()
        others = split.fold[split.users] != fold
        assert (learned | checked)[others].all()


@given(splits())
def test_what_is_learned_does_not_depend_on_what_comes_late(split: Split) -> None:
    """Later plays, and all plays of the held-out listeners, may be any."""
    assume(len(split.users))
    for fold in range(split.folds):
        mine = split.fold[split.users] == fold
        early = np.where(mine, 1 - np.minimum(split.early, 1), split.early)
        other = Split(split.users, split.songs, early, split.late[::-1], split.fold, split.group)
        assert (other.learned(fold) == split.learned(fold)).all()
        assert (other.early[other.learned(fold)] == split.early[split.learned(fold)]).all()
        late = np.where(mine, split.late + 7, split.late)
        same = Split(split.users, split.songs, early, late, split.fold, split.group)
        assert (same.checked(fold) == split.checked(fold)).all()


@given(splits())
def test_plays_are_early_or_late(split: Split) -> None:
    assert split.timed == bool(split.late.sum())
    assert (split.early + split.late > 0).all()


def test_a_hash_depends_on_the_name_alone() -> None:
    assert hashed("Zoë") == hashed("Zoë") != hashed("Zoe")
    keys = [f"artist\x1fsong {number}" for number in range(5_000)]
    hidden = hide(keys)
    assert hidden.mean() == pytest.approx(1 / COLD_IN, abs=0.015)
    assert (hide(keys[::-1])[::-1] == hidden).all()
    assert hide([]).dtype == bool
