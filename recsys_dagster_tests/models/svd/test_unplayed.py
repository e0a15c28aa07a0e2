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
