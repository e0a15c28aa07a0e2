"""What every model needs of its arrays: their types, checked indices, and files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError

IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SETTINGS_FILE = "model.json"


def check_indices(name: str, indices: NDArray[np.integer[Any]], size: int) -> None:
    """Refuse indices outside 0 … size - 1, which compiled loops would follow anywhere.

    Raises
    ------
    RecsysError
        With the lowest or highest index found.
    """
    if not np.issubdtype(indices.dtype, np.integer):
        raise RecsysError(f"{name} must be whole numbers; got {indices.dtype}. Convert them first.")
    if len(indices) and (indices.min() < 0 or indices.max() >= size):
        raise RecsysError(
            f"{name} must lie in 0 … {size - 1}; got {indices.min()} … {indices.max()}. "
            "Renumber them densely, or give the true number of rows."
        )


def check_pairs(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    plays: NDArray[Any],
    n_users: int,
    n_items: int,
) -> None:
    """Refuse pairs of users and items that do not belong together, or to the matrix.

    Raises
    ------
    RecsysError
        When the arrays differ in length, or an index is out of range.
    """
    if not len(users) == len(items) == len(plays):
        raise RecsysError(
            f"got {len(users)} users, {len(items)} items and {len(plays)} play counts; "
            "expected as many of each."
        )
    check_indices("users", users, n_users)
    check_indices("items", items, n_items)


def checked_seeds(
    seeds: NDArray[np.integer[Any]], weights: Float32Array | None, size: int
) -> tuple[IntArray, Float32Array]:
    """Seeds as (s,) int64 and their weights as (s,) float32, by default 1 each.

    Raises
    ------
    RecsysError
        When a seed lies outside a catalogue of `size`, or seeds and weights differ in number.
    """
    positions = np.asarray(seeds, dtype=np.int64)
    check_indices("seeds", positions, size)
    counted = np.ones(len(positions), np.float32) if weights is None else weights
    if len(counted) != len(positions):
        raise RecsysError(f"got {len(positions)} seeds but {len(counted)} weights; give one each.")
    return positions, np.asarray(counted, dtype=np.float32)


def save_arrays(
    directory: Path, arrays: Mapping[str, NDArray[Any]], settings: Mapping[str, Any]
) -> None:
    """Write each array as `<name>.npy` and the rest as JSON into a directory that exists."""
    for name, array in arrays.items():
        np.save(directory / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    text = json.dumps(dict(settings), indent=2, sort_keys=True, allow_nan=False)
    (directory / SETTINGS_FILE).write_text(text + "\n", encoding="utf-8")


def load_array(directory: Path, name: str, dtype: Any, ndim: int, *, mmap: bool) -> NDArray[Any]:
    """Read one array of `save_arrays`, memory-mapped and read-only if `mmap`.

    Raises
    ------
    RecsysError
        When the file is missing, broken, or of another type or number of dimensions.
    """
    path = directory / f"{name}.npy"
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise RecsysError(
            f"cannot read the model file {path}: {error}. Train the model again."
        ) from error
    if array.dtype != np.dtype(dtype) or array.ndim != ndim:
        raise RecsysError(
            f"the model file {path} holds {array.dtype} with {array.ndim} dimensions; expected "
            f"{np.dtype(dtype)} with {ndim}. Train the model again."
        )
    return array


def load_settings(directory: Path) -> dict[str, Any]:
    """Read the JSON of `save_arrays`.

    Raises
    ------
    RecsysError
        When the file is missing or is not a JSON object.
    """
    path = directory / SETTINGS_FILE
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecsysError(
            f"cannot read the model file {path}: {error}. Train the model again."
        ) from error
    if not isinstance(settings, dict):
        raise RecsysError(f"the model file {path} is not a JSON object. Train the model again.")
    return settings


def check_shape(directory: Path, name: str, found: object, expected: object) -> None:
    """Refuse files of one model that do not fit each other.

    Raises
    ------
    RecsysError
        With both shapes.
    """
    if found != expected:
        raise RecsysError(
            f"the model in {directory} does not fit together: {name} is {found}; expected "
            f"{expected}. Train the model again."
        )
