from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.models.arrays import Float64Array, Int32Array
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.ranking import descent_of, tables_of_negatives, to_unit_length
from recsys_dagster.models.svd.rows import Rows

RATE, TAU = 0.05, 0.2
USERS, ITEMS = 12, 30
SEED = 12345
MASK = (1 << 64) - 1


def drawn(n: int) -> Pairs:
    rng = np.random.default_rng(0)
    return Pairs(
        rng.integers(USERS, size=n, dtype=np.int32),
        rng.integers(ITEMS, size=n, dtype=np.int32),
        rng.uniform(0.5, 1.5, n).astype(np.float32),
    )


def started(factors: int) -> Rows:
    rows = Rows.zeros(USERS, ITEMS, factors)
    rng = np.random.default_rng(1)
    rows.user_factors[:] = rng.normal(size=rows.user_factors.shape)
    rows.item_factors[:] = rng.normal(size=rows.item_factors.shape)
    to_unit_length(rows.user_factors)
    to_unit_length(rows.item_factors)
    return rows


def descend(
    pairs: Pairs, rows: Rows, tables: Int32Array, log_counts: Any, negatives: int,
    rate: float = RATE,
) -> float:  # fmt: skip
    return descent_of(rows.factors)(
        np.zeros(1, np.int64), np.array([0, len(pairs)]), pairs.users, pairs.items, pairs.ratings,
        tables, log_counts, rows.users, rows.items, np.float32(rate), np.float32(1 / TAU),
        negatives, np.uint64(SEED),
    )  # fmt: skip


def negatives_of(n: int, negatives: int, table: Int32Array) -> list[list[int]]:
    """The same generator in Python's own numbers."""
    state, found = SEED | 1, []
    for _ in range(n):
        own = []
        for _ in range(negatives):
            state ^= (state << 13) & MASK
            state ^= state >> 7
            state ^= (state << 17) & MASK
            own.append(int(table[((state >> 32) * len(table)) >> 32]))
        found.append(own)
    return found


def unit(vector: Float64Array) -> Float64Array:
    return np.asarray(vector / np.linalg.norm(vector))


def plain_descent(
    pairs: Pairs, rows: Rows, table: Int32Array, log_counts: Any, negatives: int
) -> tuple[float, Float64Array, Float64Array]:
    """The equations in double precision, negative by negative."""
    p, q = rows.user_factors.astype(np.float64), rows.item_factors.astype(np.float64)
    total = 0.0
    drawn_for = negatives_of(len(pairs), negatives, table)
    for u, i, weight, others in zip(
        pairs.users, pairs.items, pairs.ratings, drawn_for, strict=True
    ):
        met = [int(i), *others]
        counted = np.array([turn == 0 or item != i for turn, item in enumerate(met)])
        x = p[u].copy()
        scores = np.where(counted, q[met] @ x / TAU - log_counts[met], -np.inf)
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        total -= np.log(shares[0])
        pulls = (shares - np.eye(len(met))[0]) / TAU
        gradient = np.zeros_like(x)
        for item, pull in zip(met, pulls, strict=True):
            gradient += pull * q[item]
            across = x - (q[item] @ x) * q[item]
            q[item] = unit(q[item] - RATE * float(weight) * pull * across)
        p[u] = unit(x - RATE * float(weight) * gradient)
    return total, p, q


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 4, 5, 20, 64])
@pytest.mark.parametrize("negatives", [1, 7, 8, 20])
def test_equals_the_plain_loop_in_double_precision(k: int, negatives: int) -> None:
    pairs, rows = drawn(60), started(k)
    table = np.random.default_rng(3).permutation(ITEMS).astype(np.int32)
    log_counts = np.random.default_rng(4).normal(size=ITEMS).astype(np.float32)
    total, p, q = plain_descent(pairs, rows, table, log_counts, negatives)
    found = descend(pairs, rows, table[None], log_counts, negatives)
    assert found == pytest.approx(total, rel=1e-4)
    np.testing.assert_allclose(rows.user_factors, p, atol=1e-4)
    # Single precision lets a song's length drift by 1e-4 until the end of the epoch puts it right.
    np.testing.assert_allclose(rows.item_factors, q, atol=2e-4)


def test_rows_keep_length_one_and_their_tails() -> None:
    rows = started(5)
    before = (rows.users.copy(), rows.items.copy())
    tables = np.arange(ITEMS, dtype=np.int32)[None]
    descend(drawn(500), rows, tables, np.zeros(ITEMS, np.float32), 8)
    np.testing.assert_allclose(np.linalg.norm(rows.user_factors, axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(rows.item_factors, axis=1), 1, atol=1e-4)
    assert (rows.users[:, 5:] == before[0][:, 5:]).all()
    assert (rows.items[:, 5:] == before[1][:, 5:]).all()


def test_a_negative_that_is_the_song_itself_does_not_count() -> None:
    rows = started(4)
    pairs = Pairs(np.zeros(5, np.int32), np.full(5, 3, np.int32), np.ones(5, np.float32))
    before = rows.items.copy()
    tables = np.full((1, 4), 3, dtype=np.int32)
    assert descend(pairs, rows, tables, np.zeros(ITEMS, np.float32), 6) == pytest.approx(0)
    np.testing.assert_allclose(rows.items, before, atol=1e-5)


def test_rows_of_zeros_stay_zero() -> None:
    factors = np.array([[3, 4], [0, 0], [1e-3, 0]], dtype=np.float32)
    to_unit_length(factors)
    np.testing.assert_allclose(factors, np.array([[0.6, 0.8], [0, 0], [1, 0]]), rtol=1e-6)


@given(
    weights=st.lists(st.integers(0, 50), min_size=4, max_size=40), blocks=st.integers(1, 3),
    seed=st.integers(0, 20),
)  # fmt: skip
def test_tables_hold_each_song_as_often_as_its_weight(
    weights: list[int], blocks: int, seed: int
) -> None:
    block_of = np.arange(len(weights), dtype=np.int32) % blocks
    given_weights = np.array(weights, dtype=np.float32)
    rng = np.random.default_rng(seed)
    tables = tables_of_negatives(block_of, blocks, given_weights, 200, rng)
    for block in range(blocks):
        own = np.where(block_of == block, given_weights, 0).astype(np.float64)
        if own.sum() > 0:
            counts = np.bincount(tables[block], minlength=len(weights))
            assert np.abs(counts - own / own.sum() * 200).max() <= 1.01
            assert not counts[own == 0].any()
        else:
            assert not tables[block].any()
