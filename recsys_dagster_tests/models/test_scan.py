import numpy as np
import pytest

from recsys_dagster.models import scan as module
from recsys_dagster.models.scan import ItemLists, scan

NONE = ItemLists(np.zeros(4, np.int64), np.empty(0, np.int64))


def brute(scores: np.ndarray, n: int) -> list[list[int]]:
    """The best of each row, of equals the lower item first, without those at -inf."""
    ids = np.arange(scores.shape[1])
    orders = (np.lexsort((ids, -row)) for row in scores)
    return [[i for i in order if np.isfinite(row[i])][:n]
            for order, row in zip(orders, scores, strict=True)]  # fmt: skip


@pytest.mark.parametrize("n", [1, 7, 64, 400])
@pytest.mark.parametrize("tile", [50, 4096])
def test_a_scan_finds_what_sorting_everything_does(
    monkeypatch: pytest.MonkeyPatch, n: int, tile: int
) -> None:
    monkeypatch.setattr(module, "TILE", tile)
    rng = np.random.default_rng(0)
    # Whole numbers: products are exact, and there are many ties, above and below 0.
    vectors, items = (rng.integers(-2, 3, size).astype(np.float32) for size in ((3, 4), (4, 333)))
    offsets = np.where(rng.random(333) < 0.1, -np.inf, 0).astype(np.float32)
    lift = np.array([0, 5, -1000], np.float32)
    hidden = ItemLists(np.array([0, 2, 2, 5]), np.array([332, 0, 7, 100, 4]))
    scores = vectors @ items + offsets + lift[:, None]
    scores[0, [332, 0]] = scores[2, [7, 100, 4]] = -np.inf
    ids, found = scan(vectors, items, (offsets, lift), hidden, n)
    for row, expected in enumerate(brute(scores, n)):
        assert ids[row, : len(expected)].tolist() == expected
        assert found[row, : len(expected)].tolist() == scores[row, expected].tolist()
        assert (ids[row, len(expected) :] == -1).all()
        assert np.isnan(found[row, len(expected) :]).all()


def test_no_items_at_all() -> None:
    vectors, nothing = np.ones((3, 2), np.float32), np.empty((2, 0), np.float32)
    ids, _ = scan(vectors, nothing, (nothing[0], np.zeros(3, np.float32)), NONE, 2)
    assert ids.tolist() == [[-1, -1]] * 3
