import numpy as np
import pytest

from recsys_dagster.models.arrays import Float32Array, Float64Array, Int32Array
from recsys_dagster.models.svd import kernel

RATE, DECAY = 0.05, 0.02
Pairs = tuple[Int32Array, Int32Array, Float32Array]


def pairs(n: int = 400, users: int = 15, items: int = 25) -> Pairs:
    rng = np.random.default_rng(0)
    return (
        rng.integers(users, size=n, dtype=np.int32),
        rng.integers(items, size=n, dtype=np.int32),
        rng.normal(size=n).astype(np.float32),
    )


def rows(count: int, factors: int, constant: int, seed: int) -> Float32Array:
    made = kernel.zero_rows(count, factors)
    made[:, :factors] = np.random.default_rng(seed).normal(scale=0.3, size=(count, factors))
    made[:, constant] = 1
    return made


def plain_descent(
    data: Pairs, p: Float64Array, q: Float64Array
) -> tuple[float, Float64Array, Float64Array]:
    """The textbook's loop: biases apart, no rows, no padding."""
    user_bias, item_bias, total = np.zeros(len(p)), np.zeros(len(q)), 0.0
    for u, i, rating in zip(*data, strict=True):
        error = float(rating) - user_bias[u] - item_bias[i] - p[u] @ q[i]
        total += error**2
        user_bias[u] += RATE * (error - DECAY * user_bias[u])
        item_bias[i] += RATE * (error - DECAY * item_bias[i])
        p[u], q[i] = (
            p[u] + RATE * (error * q[i] - DECAY * p[u]),
            q[i] + RATE * (error * p[u] - DECAY * q[i]),
        )
    return total, user_bias, item_bias


@pytest.mark.parametrize("k", [1, 6, 7, 20])
def test_equals_the_plain_loop_in_double_precision(k: int) -> None:
    data = pairs()
    x, y = rows(15, k, k + 1, seed=1), rows(25, k, k, seed=2)
    p, q = x[:, :k].astype(np.float64), y[:, :k].astype(np.float64)
    total = kernel.descend(*data, x, y, k, np.float32(RATE), np.float32(DECAY))
    expected, user_bias, item_bias = plain_descent(data, p, q)
    assert total == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(x[:, :k], p, atol=1e-4)
    np.testing.assert_allclose(y[:, :k], q, atol=1e-4)
    np.testing.assert_allclose(x[:, k], user_bias, atol=1e-4)
    np.testing.assert_allclose(y[:, k + 1], item_bias, atol=1e-4)


def test_constants_stay_one_and_padding_zero() -> None:
    x, y = rows(15, 3, 4, seed=1), rows(25, 3, 3, seed=2)
    kernel.descend(*pairs(), x, y, 3, np.float32(RATE), np.float32(DECAY))
    assert (x[:, 4] == 1).all()
    assert (y[:, 3] == 1).all()
    assert not x[:, 5:].any()
    assert not y[:, 5:].any()


def test_without_a_step_the_error_is_the_measured_one() -> None:
    x, y = rows(15, 5, 6, seed=1), rows(25, 5, 5, seed=2)
    users, items, ratings = pairs()
    expected = ((ratings - (x[users] * y[items]).sum(axis=1)) ** 2).sum(dtype=np.float64)
    assert kernel.squared_error(users, items, ratings, x, y) == pytest.approx(expected, rel=1e-5)
    total = kernel.descend(users, items, ratings, x, y, 5, np.float32(0), np.float32(0))
    assert total == pytest.approx(expected, rel=1e-5)


def test_no_pairs_have_no_error() -> None:
    x, y = rows(2, 5, 6, seed=1), rows(2, 5, 5, seed=2)
    users, items, ratings = pairs(n=0)
    assert kernel.squared_error(users, items, ratings, x, y) == 0
    assert kernel.descend(users, items, ratings, x, y, 5, np.float32(1), np.float32(0)) == 0


@pytest.mark.parametrize("factors", [1, 6, 7, 20])
def test_rows_begin_at_a_cache_line_and_fill_lanes(factors: int) -> None:
    made = kernel.zero_rows(3, factors)
    assert made.ctypes.data % kernel.CACHE_LINE == 0
    assert made.shape[1] % kernel.LANES == 0
    assert made.shape[1] - kernel.LANES < factors + 2 <= made.shape[1]


class TestShuffle:
    def test_keeps_pairs_together(self) -> None:
        users = np.arange(1000, dtype=np.int32)
        items, ratings = users * 2, (users * 3).astype(np.float32)
        kernel.shuffle(users, items, ratings, np.uint64(5))
        assert sorted(users.tolist()) == list(range(1000))
        assert users.tolist() != list(range(1000))
        assert (items == users * 2).all()
        assert (ratings == users * 3).all()

    def test_all_orders_are_about_as_likely(self) -> None:
        counts: dict[tuple[int, ...], int] = {}
        for seed in range(6000):
            users = np.arange(3, dtype=np.int32)
            kernel.shuffle(users, users.copy(), np.zeros(3, np.float32), np.uint64(seed))
            counts[tuple(users)] = counts.get(tuple(users), 0) + 1
        assert len(counts) == 6
        # Five standard deviations of a binomial count around 1000.
        assert max(abs(count - 1000) for count in counts.values()) < 145
