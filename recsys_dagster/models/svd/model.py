"""A trained factorisation: predictions, scores, and new listeners folded in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import (
    Float32Array,
    check_indices,
    check_shape,
    load_array,
    load_settings,
    save_arrays,
)
from recsys_dagster.models.svd.folding import FoldIn, Folding, RidgeFolding, SoftmaxFolding
from recsys_dagster.models.svd.folding_implicit import ImplicitFolding

ARRAYS = {"user_bias": 1, "item_bias": 1, "user_factors": 2, "item_factors": 2}
_FOLDINGS: dict[str, type[RidgeFolding] | type[SoftmaxFolding] | type[ImplicitFolding]] = {
    folding.objective: folding for folding in (RidgeFolding, SoftmaxFolding, ImplicitFolding)
}


@dataclass(frozen=True)
class SvdModel:
    """r̂ = μ + b_u + b_i + p_u·q_i.

    Of the objective `squared` r̂ is the expected log(1 + plays). Of `ranking` μ and the biases are
    0 and p and q have length 1, so r̂ is a cosine: the higher, the sooner the song is played. Of
    `implicit` μ and the biases are 0, and r̂ is near 1 for what is played and 0 for the rest.

    Attributes
    ----------
    mean
        μ.
    user_bias, item_bias
        (n_users,), (n_items,) float32.
    user_factors, item_factors
        (n_users, k), (n_items, k) float32, row by row. Users and items without training pairs
        have bias 0 and factors 0.
    folding
        How listeners who were not trained on are folded in.
    """

    mean: float
    user_bias: Float32Array
    item_bias: Float32Array
    user_factors: Float32Array
    item_factors: Float32Array
    folding: Folding

    def predict(
        self, users: NDArray[np.integer[Any]], items: NDArray[np.integer[Any]]
    ) -> Float32Array:
        """r̂ of (n,) pairs, as (n,) float32.

        Raises
        ------
        RecsysError
            When a user or item was not in the matrix.
        """
        check_indices("users", users, len(self.user_bias))
        check_indices("items", items, len(self.item_bias))
        product = np.einsum("nk,nk->n", self.user_factors[users], self.item_factors[items])
        biases = self.user_bias[users] + self.item_bias[items]
        return np.asarray(np.float32(self.mean) + biases + product, dtype=np.float32)

    def scores(self, user_vector: Float32Array, user_bias: float) -> Float32Array:
        """r̂ of all items for one listener, as (n_items,) float32."""
        product = self.item_factors @ np.asarray(user_vector, dtype=np.float32)
        return np.asarray(product + self.item_bias + np.float32(self.mean + user_bias))

    def fold_in(
        self, items: NDArray[np.integer[Any]], ratings: Float32Array | None = None
    ) -> FoldIn:
        """Find the vector of a listener who was not trained on; see `folding`.

        Parameters
        ----------
        items
            (n_seeds,) the listener's items.
        ratings
            (n_seeds,) their log(1 + plays); by default all are liked alike.

        Raises
        ------
        RecsysError
            When an item lies outside the catalogue or ratings and items differ in number.
        """
        positions = np.asarray(items, dtype=np.int64)
        check_indices("items", positions, len(self.item_bias))
        if ratings is not None and len(ratings) != len(items):
            raise RecsysError(f"got {len(items)} items but {len(ratings)} ratings; give one each.")
        return self.folding.fold_in(positions, self, ratings)

    def save(self, directory: Path) -> None:
        """Write the model into a directory that exists: one `.npy` an array, JSON for the rest."""
        folding = self.folding
        arrays = {name: getattr(self, name) for name in ARRAYS}
        for name in folding.array_shapes(*self.item_factors.shape):
            arrays[name] = getattr(folding, name)
        numbers = {name: float(getattr(folding, name)) for name in folding.numbers}
        settings = {"objective": folding.objective, "mean": float(self.mean), **numbers}
        save_arrays(directory, arrays, settings)

    @classmethod
    def load(cls, directory: Path, *, mmap: bool = True) -> "SvdModel":
        """Read what `save` wrote, memory-mapped and read-only unless `mmap` is False.

        Raises
        ------
        RecsysError
            When a file is missing, broken, or does not fit the others.
        """
        arrays: dict[str, Any] = {
            name: load_array(directory, name, np.float32, ndim, mmap=mmap)
            for name, ndim in ARRAYS.items()
        }
        factors = arrays["item_factors"].shape[1]
        for side in ("user", "item"):
            expected = (len(arrays[f"{side}_bias"]), factors)
            check_shape(directory, f"{side}_factors", arrays[f"{side}_factors"].shape, expected)
        settings = load_settings(directory)
        check_shape(directory, "what model.json names", "mean" in settings, expected=True)
        mean = settings.pop("mean")
        folding = _load_folding(directory, settings, arrays["item_factors"].shape)
        check_shape(directory, "the type of mean", type(mean), float)
        return cls(mean=mean, folding=folding, **arrays)


def _load_folding(directory: Path, settings: dict[str, Any], shape: tuple[int, int]) -> Folding:
    objective = settings.pop("objective", None)
    if objective not in _FOLDINGS:
        raise RecsysError(
            f"the model in {directory} was trained on the objective {objective!r} (model.json); "
            f"expected {' or '.join(_FOLDINGS)}. Train the model again."
        )
    kind = _FOLDINGS[objective]
    if kind is ImplicitFolding:
        settings.setdefault("prior", 0.0)  # releases of version 0.1 know none
    arrays: dict[str, Any] = {}
    for name, (dtype, sizes) in kind.array_shapes(*shape).items():
        found = load_array(directory, name, dtype, len(sizes), mmap=False)
        expected = tuple(
            own if size is None else size for own, size in zip(found.shape, sizes, strict=True)
        )
        check_shape(directory, name, found.shape, expected)
        arrays[name] = found
    check_shape(directory, "model.json", sorted(settings), sorted(kind.numbers))
    kinds = [type(number).__name__ for number in settings.values()]
    check_shape(directory, "the type of each number", kinds, ["float"] * len(settings))
    return kind(**arrays, **settings)
