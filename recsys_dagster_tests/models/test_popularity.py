import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.popularity import play_counts


def test_plays_add_up_and_unplayed_items_are_zero() -> None:
    counts = play_counts(np.array([2, 0, 2]), np.array([5, 1, 7]), 4)
    assert counts.tolist() == [1, 0, 12, 0]


def test_no_interactions_are_no_plays() -> None:
    empty = np.zeros(0, dtype=np.int64)
    counts = play_counts(empty, empty, 3)
    assert counts.tolist() == [0, 0, 0]
    assert counts.dtype == np.float64


def test_an_item_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(RecsysError, match=r"0 … 1; got 2 … 2"):
        play_counts(np.array([2]), np.array([1]), 2)
