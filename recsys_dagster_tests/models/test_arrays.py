"""What models refuse of their arrays, and what they keep of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import (
    check_indices,
    check_pairs,
    check_shape,
    checked_seeds,
    load_array,
    load_settings,
    save_arrays,
)


@pytest.mark.parametrize("indices", [[], [0], [4], [0, 4, 2]])
def test_indices_within_the_matrix_pass(indices: list[int]) -> None:
    check_indices("songs", np.array(indices, np.int32), 5)


@pytest.mark.parametrize("indices", [[-1], [5], [0, 5], [3, -1, 2]])
def test_indices_outside_are_refused_with_the_bounds(indices: list[int]) -> None:
    found = f"{min(indices)} … {max(indices)}"
    with pytest.raises(RecsysError, match=rf"^songs must lie in 0 … 4; got {found}\."):
        check_indices("songs", np.array(indices), 5)


def test_indices_are_whole_numbers() -> None:
    numbers: Any = np.array([1.0])
    with pytest.raises(RecsysError, match="songs must be whole numbers; got float64"):
        check_indices("songs", numbers, 5)


@pytest.mark.parametrize("lengths", [(2, 3, 3), (3, 2, 3), (3, 3, 2)])
def test_pairs_have_as_many_of_each(lengths: tuple[int, int, int]) -> None:
    users, items, plays = (np.zeros(one, np.int64) for one in lengths)
    with pytest.raises(RecsysError, match=r"got \d users, \d items and \d play counts"):
        check_pairs(users, items, plays, 1, 1)


def test_pairs_lie_in_the_matrix() -> None:
    users, items, plays = np.array([0, 1]), np.array([2, 0]), np.ones(2)
    check_pairs(users, items, plays, 2, 3)
    with pytest.raises(RecsysError, match="users must lie in 0 … 0"):
        check_pairs(users, items, plays, 1, 3)
    with pytest.raises(RecsysError, match="items must lie in 0 … 1"):
        check_pairs(users, items, plays, 2, 2)


def test_seeds_count_alike_or_by_their_weights() -> None:
    seeds, weights = checked_seeds(np.array([4, 0], np.int32), None, 5)
    assert (str(seeds.dtype), seeds.tolist()) == ("int64", [4, 0])
    assert (str(weights.dtype), weights.tolist()) == ("float32", [1, 1])
    _, given = checked_seeds(seeds, np.array([0.5, 2], np.float32), 5)
    assert given.tolist() == [0.5, 2]
    with pytest.raises(RecsysError, match="got 2 seeds but 1 weights"):
        checked_seeds(seeds, given[:1], 5)
    with pytest.raises(RecsysError, match="seeds must lie in 0 … 3; got 0 … 4"):
        checked_seeds(seeds, None, 4)


@pytest.mark.parametrize("mmap", [False, True])
def test_what_is_saved_is_loaded(tmp_path: Path, mmap: bool) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    save_arrays(tmp_path, {"one": array.T}, {"b": 1, "a": None})
    loaded = load_array(tmp_path, "one", np.float32, 2, mmap=mmap)
    assert loaded.tolist() == array.T.tolist()
    assert isinstance(loaded, np.memmap) == mmap
    assert loaded.flags.writeable == (not mmap)
    assert load_settings(tmp_path) == {"b": 1, "a": None}
    for dtype, ndim in ((np.float64, 2), (np.float32, 1)):
        with pytest.raises(RecsysError, match="holds float32 with 2 dimensions; expected"):
            load_array(tmp_path, "one", dtype, ndim, mmap=mmap)


def test_what_does_not_fit_together_is_refused_with_both_shapes(tmp_path: Path) -> None:
    check_shape(tmp_path, "bias", (2, 3), (2, 3))
    with pytest.raises(RecsysError, match=r"bias is \(2, 3\); expected \(2,\)"):
        check_shape(tmp_path, "bias", (2, 3), (2,))
