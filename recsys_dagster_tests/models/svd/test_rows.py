import numpy as np
import pytest

from recsys_dagster.models.svd import rows as module
from recsys_dagster.models.svd.rows import (
    CACHE_LINE,
    LANES,
    TAIL,
    Rows,
    draw_factors,
    shrinkage_of,
    zero_rows,
)


@pytest.mark.parametrize("factors", [1, 4, 5, 20, 64])
def test_rows_begin_at_a_cache_line_and_fill_lanes(factors: int) -> None:
    made = zero_rows(3, factors)
    assert made.ctypes.data % CACHE_LINE == 0
    assert made.shape[1] % LANES == 0
    assert made.shape[1] - LANES < factors + TAIL <= made.shape[1]


def test_a_product_of_rows_is_the_prediction() -> None:
    rows = Rows.zeros(2, 3, 5)
    rng = np.random.default_rng(0)
    for view in (rows.user_factors, rows.item_factors, rows.user_bias, rows.item_bias):
        view[:] = rng.random(view.shape)
    rows.user_shrinkage[:], rows.item_shrinkage[:] = 7, 9
    expected = (
        rows.user_factors @ rows.item_factors.T + rows.user_bias[:, None] + rows.item_bias[None]
    )
    np.testing.assert_allclose(rows.users @ rows.items.T, expected, rtol=1e-6)


def test_rows_are_drawn_around_zero_and_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    met = np.arange(4000) % 3 > 0
    factors = np.zeros((4000, 6), np.float32)
    draw_factors(factors, met, 0.3, np.random.default_rng(1))
    assert not factors[~met].any()
    assert factors[met].std() == pytest.approx(0.3, rel=0.02)
    assert abs(factors[met].mean()) < 0.01
    monkeypatch.setattr(module, "_DRAWN_AT_ONCE", 64)
    parts = np.zeros((4000, 6), np.float32)
    draw_factors(parts, met, 0.3, np.random.default_rng(1))
    assert parts.tobytes() == factors.tobytes()
    all_met = np.zeros((4000, 6), np.float32)
    draw_factors(all_met, np.ones(4000, dtype=bool), 0.3, np.random.default_rng(1))
    assert (all_met[met] == factors[met]).all()


def test_shrinkage_by_frequency_and_for_all_alike() -> None:
    counts = np.array([0, 1, 2, 9])
    np.testing.assert_allclose(shrinkage_of(counts, 0.1, 1), 0.1)
    alike = shrinkage_of(counts, 0.1, 0) * counts
    np.testing.assert_allclose(alike[1:], 0.1 * 4, rtol=1e-6)
    half = shrinkage_of(counts, 0.1, 0.5)
    np.testing.assert_allclose(half[1:] * counts[1:], 0.1 * np.sqrt(counts[1:] * 4), rtol=1e-6)
    assert np.isfinite(half).all()
    assert shrinkage_of(np.zeros(2, np.int64), 0.1, 0).tolist() == pytest.approx([0.1, 0.1])
