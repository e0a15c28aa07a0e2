import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.models.svd import pairs as module
from recsys_dagster.models.svd.pairs import (
    Pairs,
    bring_together,
    even_borders,
    numbered,
    occurrences,
    shuffle,
)


def triples(pairs: Pairs) -> list[tuple[int, int, float]]:
    columns = (pairs.users.tolist(), pairs.items.tolist(), pairs.ratings.tolist())
    return list(zip(*columns, strict=True))


def drawn(n: int, users: int = 9, items: int = 12, seed: int = 0) -> Pairs:
    rng = np.random.default_rng(seed)
    return Pairs(
        rng.integers(users, size=n, dtype=np.int32),
        rng.integers(items, size=n, dtype=np.int32),
        rng.random(n, dtype=np.float32),
    )


@given(n=st.integers(0, 300), buckets=st.integers(1, 8), seed=st.integers(0, 9))
def test_buckets_come_together_and_no_pair_is_lost(n: int, buckets: int, seed: int) -> None:
    pairs = drawn(n, seed=seed)
    before = sorted(triples(pairs))
    bucket_of = np.random.default_rng(seed).integers(buckets, size=12, dtype=np.int32)
    starts = bring_together(pairs.items, pairs.users, pairs.ratings, bucket_of, buckets)
    assert sorted(triples(pairs)) == before
    found = bucket_of[pairs.items]
    assert (np.diff(found) >= 0).all()
    counts = np.bincount(found, minlength=buckets)
    assert starts.tolist() == [0, *np.cumsum(counts)]


@given(keys=st.lists(st.integers(0, 6)))
def test_occurrences_are_counted(keys: list[int]) -> None:
    found = occurrences(np.array(keys, dtype=np.int32), 7)
    assert found.tolist() == [keys.count(key) for key in range(7)]


@given(counts=st.lists(st.integers(0, 50), min_size=1, max_size=40), parts=st.integers(1, 5))
def test_borders_cut_evenly(counts: list[int], parts: int) -> None:
    borders = even_borders(np.array(counts), parts)
    assert len(borders) == parts + 1
    assert (borders[0], borders[-1]) == (0, len(counts))
    assert (np.diff(borders) >= 0).all()
    sums = [sum(counts[a:b]) for a, b in itertools.pairwise(borders)]
    assert max(sums) <= sum(counts) / parts + max(counts) + 1e-9
    assert numbered(borders).tolist() == [
        part for part in range(parts) for _ in range(borders[part], borders[part + 1])
    ]


def test_ratings_a_part_at_a_time_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    plays = np.array([0, 1, 10_000_000, 3, 7])
    users = np.zeros(5, dtype=np.int64)
    whole = Pairs.of(users, users, plays, 1, 1)
    monkeypatch.setattr(module, "_PART", 2)
    assert Pairs.of(users, users, plays, 1, 1).ratings.tolist() == whole.ratings.tolist()
    np.testing.assert_allclose(whole.ratings, np.log1p(plays), rtol=1e-6)


class TestShuffle:
    def test_keeps_pairs_together(self) -> None:
        users = np.arange(1000, dtype=np.int32)
        items, ratings = users * 2, (users * 3).astype(np.float32)
        shuffle(users, items, ratings, np.uint64(5))
        assert sorted(users.tolist()) == list(range(1000))
        assert users.tolist() != list(range(1000))
        assert (items == users * 2).all()
        assert (ratings == users * 3).all()

    def test_all_orders_are_about_as_likely(self) -> None:
        counts: dict[tuple[int, ...], int] = {}
        for seed in range(6000):
            users = np.arange(3, dtype=np.int32)
            shuffle(users, users.copy(), np.zeros(3, np.float32), np.uint64(seed))
            counts[tuple(users)] = counts.get(tuple(users), 0) + 1
        assert len(counts) == 6
        # Five standard deviations of a binomial count around 1000.
        assert max(abs(count - 1000) for count in counts.values()) < 145
