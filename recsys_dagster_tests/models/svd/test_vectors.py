import numpy as np
import pytest

from recsys_dagster.models.arrays import Float32Array
from recsys_dagster.models.svd.rows import LANES, zero_rows
from recsys_dagster.models.svd.vectors import compiled, dot, exponential, pull

WIDTH, FACTORS = 24, 19


@compiled
def one_dot(rows: Float32Array, row: int, others: Float32Array, other: int) -> float:
    return float(dot(rows, row, others, other, WIDTH))


@compiled
def one_pull(
    items: Float32Array, users: Float32Array, gradient: Float32Array,
    force: np.float32, rate: np.float32,
) -> None:  # fmt: skip
    pull(items, 1, users, 2, gradient, force, rate, WIDTH, FACTORS)


@compiled
def exponentials(numbers: Float32Array) -> None:
    for vector in range(len(numbers) // LANES):
        exponential(numbers, vector)


def filled(count: int, seed: int) -> Float32Array:
    rows = zero_rows(count, FACTORS)
    rows[:] = np.random.default_rng(seed).normal(size=rows.shape)
    return rows


def test_dot_is_the_product_of_the_rows() -> None:
    rows, others = filled(3, 0), filled(4, 1)
    assert rows.shape[1] == WIDTH
    for row in range(3):
        for other in range(4):
            expected = float(rows[row].astype(float) @ others[other].astype(float))
            assert one_dot(rows, row, others, other) == pytest.approx(expected, rel=1e-5)


def test_pull_turns_the_factors_alone() -> None:
    items, users = filled(3, 0), filled(3, 1)
    items[:, FACTORS:], users[:, FACTORS:] = 0, 0
    items /= np.linalg.norm(items, axis=1, keepdims=True)
    users /= np.linalg.norm(users, axis=1, keepdims=True)
    items[:, FACTORS:] = 5
    gradient = filled(1, 2)[0]
    item, sums = items.copy(), gradient.copy()
    one_pull(items, users, gradient, np.float32(0.3), np.float32(0.9))
    np.testing.assert_allclose(gradient, sums + 0.3 * item[1], rtol=1e-5, atol=1e-6)
    y, x = item[1, :FACTORS].astype(float), users[2, :FACTORS].astype(float)
    turned = y - 0.27 * (x - (x @ y) * y)
    np.testing.assert_allclose(items[1, :FACTORS], turned / np.linalg.norm(turned), atol=1e-6)
    assert (items[1, FACTORS:] == item[1, FACTORS:]).all()
    assert (items[[0, 2]] == item[[0, 2]]).all()


def test_exponentials_are_those_of_numpy() -> None:
    drawn = np.random.default_rng(0).uniform(-87, 88, 80_000)
    found = np.concatenate([drawn, np.linspace(-1, 1, 8_000)]).astype(np.float32)
    expected = np.exp(found.astype(np.float64))
    exponentials(found)
    np.testing.assert_allclose(found, expected, rtol=5e-7)


def test_exponentials_far_below_are_next_to_nothing() -> None:
    numbers = np.array([-1e30, -np.inf, -1000, -88, -87, 0, 1, 88], dtype=np.float32)
    exponentials(numbers)
    assert (numbers[:4] < 1e-37).all()
    assert (numbers[:4] >= 0).all()
    assert numbers[5] == 1
