import numpy as np
import pytest

from recsys_dagster.models.svd import validation as module
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.rows import Rows
from recsys_dagster.models.svd.validation import RankingValidation
from recsys_dagster_tests.models.svd.test_pairs import drawn

USERS, ITEMS = 30, 60


def parts() -> tuple[Pairs, Pairs, Rows]:
    every = drawn(700, USERS, ITEMS)
    keys = np.unique(every.users.astype(np.int64) * ITEMS + every.items)
    keys = np.random.default_rng(0).permutation(keys)
    users, items = (keys // ITEMS).astype(np.int32), (keys % ITEMS).astype(np.int32)
    pairs = Pairs(users, items, np.ones(len(keys), np.float32))
    rows = Rows.zeros(USERS, ITEMS, 6)
    rng = np.random.default_rng(5)
    rows.user_factors[:] = rng.normal(size=(USERS, 6))
    rows.item_factors[:] = rng.normal(size=(ITEMS, 6))
    return pairs.at(slice(0, 300)), pairs.at(slice(300, None)), rows


def plain_ndcg(train: Pairs, valid: Pairs, rows: Rows) -> float:
    found = []
    for user in range(USERS):
        known = set(train.items[train.users == user].tolist())
        relevant = set(valid.items[valid.users == user].tolist())
        if not known or not relevant:
            continue
        scores = rows.users[user] @ rows.items.T
        met = set(train.items.tolist())
        order = [i for i in np.argsort(-scores) if i not in known and i in met][:20]
        gain = sum(1 / np.log2(place + 2) for place, i in enumerate(order) if i in relevant)
        ideal = sum(1 / np.log2(place + 2) for place in range(min(20, len(relevant))))
        found.append(gain / ideal)
    return float(np.mean(found))


@pytest.mark.parametrize("at_once", [1, 7, 256])
def test_equals_the_definition(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    train, valid, rows = parts()
    expected = plain_ndcg(train, valid, rows)
    assert 0.05 < expected < 0.95
    found = RankingValidation.of(train, valid, (USERS, ITEMS)).ndcg(rows)
    assert found == pytest.approx(expected, rel=1e-9)


def test_songs_without_training_pairs_are_not_ranked() -> None:
    train = Pairs(np.array([0], np.int32), np.array([0], np.int32), np.ones(1, np.float32))
    valid = Pairs(np.array([0], np.int32), np.array([2], np.int32), np.ones(1, np.float32))
    rows = Rows.zeros(1, 3, 2)
    rows.user_factors[:], rows.item_factors[2] = 1, 1
    assert RankingValidation.of(train, valid, (1, 3)).ndcg(rows) == 0


def test_nobody_to_validate_on_is_not_measurable() -> None:
    train, valid, rows = parts()
    nothing = valid.at(slice(0))
    assert np.isnan(RankingValidation.of(train, nothing, (USERS, ITEMS)).ndcg(rows))
    strangers = Pairs(np.array([29], np.int32), np.array([1], np.int32), np.ones(1, np.float32))
    known = train.users != 29
    others = Pairs(train.users[known], train.items[known], train.ratings[known])
    assert np.isnan(RankingValidation.of(others, strangers, (USERS, ITEMS)).ndcg(rows))


def test_of_many_listeners_a_part_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    train, valid, _ = parts()
    monkeypatch.setattr(module, "MOST_SCORES", 10 * ITEMS)
    monkeypatch.setattr(module, "FEWEST_LISTENERS", 5)
    chosen = RankingValidation.of(train, valid, (USERS, ITEMS)).listeners
    assert 5 <= len(chosen) <= 10
    assert (np.diff(chosen) > 0).all()
