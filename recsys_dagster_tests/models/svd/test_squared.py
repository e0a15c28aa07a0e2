import numpy as np
import pytest

from recsys_dagster.models.arrays import Float64Array
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.rows import Rows
from recsys_dagster.models.svd.squared import descent_of, mean_squared_error

RATE, MEAN = 0.05, 0.4
USERS, ITEMS = 15, 25


def drawn(n: int = 400) -> Pairs:
    rng = np.random.default_rng(0)
    return Pairs(
        rng.integers(USERS, size=n, dtype=np.int32),
        rng.integers(ITEMS, size=n, dtype=np.int32),
        rng.normal(MEAN, size=n).astype(np.float32),
    )


def started(factors: int) -> Rows:
    rows = Rows.zeros(USERS, ITEMS, factors)
    rng = np.random.default_rng(1)
    rows.user_factors[:] = rng.normal(scale=0.3, size=rows.user_factors.shape)
    rows.item_factors[:] = rng.normal(scale=0.3, size=rows.item_factors.shape)
    rows.user_shrinkage[:] = rng.uniform(0, 0.1, USERS)
    rows.item_shrinkage[:] = rng.uniform(0, 0.1, ITEMS)
    return rows


def descend(pairs: Pairs, rows: Rows, rate: float = RATE, *, alike: bool = False) -> float:
    """All pairs as one cell, in their order; `alike`: all rows are shrunk by 0.03."""
    starts = np.array([0, len(pairs)])
    arrays = (pairs.users, pairs.items, pairs.ratings)
    return descent_of(rows.factors, alike=alike)(
        np.zeros(1, np.int64), starts, *arrays, np.float32(MEAN), rows.users, rows.items,
        np.float32(rate), np.float32(0.03),
    )  # fmt: skip


def plain_descent(
    data: Pairs, rows: Rows
) -> tuple[float, Float64Array, Float64Array, Float64Array, Float64Array]:
    """The textbook's loop in double precision: biases apart, no rows, no padding."""
    p, q = rows.user_factors.astype(np.float64), rows.item_factors.astype(np.float64)
    of_users = rows.user_shrinkage.astype(np.float64)
    of_items = rows.item_shrinkage.astype(np.float64)
    b, c, total = np.zeros(USERS), np.zeros(ITEMS), 0.0
    for u, i, rating in zip(data.users, data.items, data.ratings, strict=True):
        error = float(rating) - MEAN - b[u] - c[i] - p[u] @ q[i]
        total += error**2
        b[u] += RATE * (error - of_users[u] * b[u])
        c[i] += RATE * (error - of_items[i] * c[i])
        p[u], q[i] = (
            p[u] + RATE * (error * q[i] - of_users[u] * p[u]),
            q[i] + RATE * (error * p[u] - of_items[i] * q[i]),
        )
    return total, p, q, b, c


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("k", [1, 4, 5, 20, 64])
def test_equals_the_plain_loop_in_double_precision(k: int, alike: bool) -> None:
    pairs, rows = drawn(), started(k)
    if alike:
        rows.user_shrinkage[:] = rows.item_shrinkage[:] = 0.03
    total, *expected = plain_descent(pairs, rows)
    assert descend(pairs, rows, alike=alike) == pytest.approx(total, rel=1e-4)
    found = (rows.user_factors, rows.item_factors, rows.user_bias, rows.item_bias)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_constants_and_padding_stay_as_they_are() -> None:
    rows = started(3)
    before = (rows.users.copy(), rows.items.copy())
    descend(drawn(), rows)
    assert (rows.users[:, 4:] == before[0][:, 4:]).all()
    fixed = [3, *range(5, rows.items.shape[1])]
    assert (rows.items[:, fixed] == before[1][:, fixed]).all()


def test_without_a_step_the_error_is_the_measured_one() -> None:
    pairs, rows = drawn(), started(5)
    products = (rows.users[pairs.users] * rows.items[pairs.items]).sum(axis=1)
    expected = ((pairs.ratings - MEAN - products) ** 2).mean(dtype=np.float64)
    assert mean_squared_error(pairs, MEAN, rows) == pytest.approx(expected, rel=1e-5)
    assert descend(pairs, rows, rate=0) / len(pairs) == pytest.approx(expected, rel=1e-5)


def test_no_pairs_have_no_error() -> None:
    assert np.isnan(mean_squared_error(drawn(0), MEAN, started(5)))
    assert descend(drawn(0), started(5)) == 0
