from dataclasses import replace

import numpy as np

from recsys_dagster.models.svd.folding import RidgeFolding
from recsys_dagster.models.svd.training import refit
from recsys_dagster.models.svd.unplayed import with_unplayed
from recsys_dagster_tests.models import checkerboard

USERS, ITEMS = np.divmod(np.arange(40 * 40), 40)
KEPT = ((USERS + ITEMS) % 2 == 0) & (USERS != ITEMS)
PLAYED = (USERS[KEPT], ITEMS[KEPT], np.full(int(KEPT.sum()), 100))


def test_played_pairs_come_first_and_the_others_were_never_played() -> None:
    users, items, plays = with_unplayed(*PLAYED, n_items=40, per_pair=3, rng=0)
    n = len(PLAYED[0])
    assert users[:n].tolist() == PLAYED[0].tolist()
    assert items[:n].tolist() == PLAYED[1].tolist()
    assert (plays[:n] == 100).all()
    assert not plays[n:].any()
    pairs = set(zip(users.tolist(), items.tolist(), strict=True))
    assert len(pairs) == len(users)
    assert n < len(users) < 4 * n


def test_seeds_and_amounts() -> None:
    one, same, other = (with_unplayed(*PLAYED, n_items=40, per_pair=1, rng=r) for r in (1, 1, 2))
    assert one[1].tolist() == same[1].tolist()
    assert one[1].tolist() != other[1].tolist()
    none = with_unplayed(*PLAYED, n_items=40, per_pair=0, rng=0)
    assert len(none[0]) == len(PLAYED[0])


def withheld_found(per_pair: int) -> int:
    """For how many listeners the withheld item comes first, from five seeds."""
    pairs = with_unplayed(*PLAYED, n_items=40, per_pair=per_pair, rng=0)
    model = refit(*pairs, n_users=40, n_items=40, epochs=60, config=checkerboard.CONFIG).model
    assert isinstance(model.folding, RidgeFolding)
    model = replace(model, folding=replace(model.folding, unobserved_weight=0.0))
    found = 0
    for user in range(40):
        played = PLAYED[1][PLAYED[0] == user]
        new = model.fold_in(played[:5])
        scores = model.scores(new.factors, new.bias)
        scores[played] = -np.inf
        found += int(scores.argmax() == user)
    return found


def test_play_counts_that_are_all_alike_need_them() -> None:
    # Some withheld pairs are drawn as unplayed, so not all need be found.
    assert withheld_found(per_pair=3) >= 36
    assert withheld_found(per_pair=0) <= 20


def test_nobody_else_is_given_pairs_and_nobody_more_than_asked_for() -> None:
    users, items, plays = np.array([1, 1, 3]), np.array([0, 39, 7]), np.array([5, 1, 2])
    for seed in range(20):
        found = with_unplayed(users, items, plays, n_items=40, per_pair=4, rng=seed)
        drawn = np.bincount(found[0][3:], minlength=4)
        assert drawn[[0, 2]].tolist() == [0, 0]
        assert drawn[1] <= 8
        assert drawn[3] <= 4


def test_only_songs_of_the_pool_that_were_not_played_elsewhere_are_drawn() -> None:
    pool, also = np.array([3, 20, 38]), (np.array([1, 3]), np.array([20, 20]))
    users, items, plays = np.array([1, 3]), np.array([3, 39]), np.array([5, 1])
    found = with_unplayed(
        users, items, plays, n_items=40, pool=pool, per_pair=50, rng=0, also_played=also
    )
    assert list(zip(*(one[2:].tolist() for one in found[:2]), strict=True)) == [
        (1, 38), (3, 3), (3, 38),
    ]  # fmt: skip
