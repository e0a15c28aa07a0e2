"""A trained factorisation: predictions, scores, and new listeners folded in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import (
    Float32Array,
    Float64Array,
    check_indices,
    check_shape,
    load_array,
    load_settings,
    save_arrays,
)

UNOBSERVED_WEIGHT = 10.0
SCALARS = ("mean", "regularisation", "liked")
ARRAYS = {"user_bias": 1, "item_bias": 1, "user_factors": 2, "item_factors": 2}


@dataclass(frozen=True)
class FoldIn:
    """A new listener.

    Attributes
    ----------
    bias
        b_u.
    factors
        (k,) float32, p_u.
    parts
        (n_seeds, k + 1) float32: what each seed adds to (p_u, b_u). They sum to it.
    """

    bias: float
    factors: Float32Array
    parts: Float32Array


@dataclass(frozen=True)
class SvdModel:
    """r̂ = μ + b_u + b_i + p_u·q_i, with r = log(1 + plays).

    Attributes
    ----------
    mean
        μ, mean rating of the training pairs.
    user_bias, item_bias
        (n_users,), (n_items,) float32.
    user_factors, item_factors
        (n_users, k), (n_items, k) float32, row by row. Users and items without training pairs
        have bias 0 and factors 0.
    gram
        (k + 1, k + 1) float64, see `catalogue_gram`.
    regularisation
        λ of training, used again to fold listeners in.
    liked
        Rating that a seed is taken to have: the 0.9 quantile of the training ratings above 0.
    """

    mean: float
    user_bias: Float32Array
    item_bias: Float32Array
    user_factors: Float32Array
    item_factors: Float32Array
    gram: Float64Array
    regularisation: float
    liked: float

    def predict(
        self, users: NDArray[np.integer[Any]], items: NDArray[np.integer[Any]]
    ) -> Float32Array:
        """Predicted ratings of (n,) pairs, as (n,) float32.

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
        """Predicted ratings of all items for one listener, as (n_items,) float32."""
        product = self.item_factors @ np.asarray(user_vector, dtype=np.float32)
        return np.asarray(product + self.item_bias + np.float32(self.mean + user_bias))

    def fold_in(
        self,
        items: NDArray[np.integer[Any]],
        ratings: Float32Array | None = None,
        *,
        unobserved_weight: float = UNOBSERVED_WEIGHT,
    ) -> FoldIn:
        """Find the vector of a listener who was not trained on.

        With x = (p_u, b_u), z_i = (q_i, 1) and t_i = r_i - μ - b_i, x has the lowest::

            1/|S| Σ_{i in S} (t_i - z_i·x)² + w/n Σ_{all trained i} (z_i·x)² + λ |x|²

        The second sum says that songs a listener did not name are like any others to them; it
        keeps a few seeds from lifting everything that is merely common (Hu, Koren and Volinsky
        2008, "Collaborative filtering for implicit feedback datasets"). The solution is linear
        in t, so it is a sum of one part for each seed.

        Parameters
        ----------
        items
            (n_seeds,) the listener's items. None at all gives the average listener.
        ratings
            (n_seeds,) their ratings; by default all `liked`.
        unobserved_weight
            w: the catalogue's weight beside the seeds'. At least 0.

        Raises
        ------
        RecsysError
            When an item lies outside the catalogue or ratings and items differ in number.
        """
        items = np.asarray(items, dtype=np.int64)
        check_indices("items", items, len(self.item_bias))
        rated = np.full(len(items), self.liked) if ratings is None else np.asarray(ratings)
        if rated.shape != items.shape:
            raise RecsysError(f"got {len(items)} items but {len(rated)} ratings; give one each.")
        seeds = np.ones((len(items), self.item_factors.shape[1] + 1))
        seeds[:, :-1] = self.item_factors[items]
        targets = rated.astype(np.float64) - self.mean - self.item_bias[items]
        count = max(len(items), 1)
        # A little ridge always, so that the system has one solution when λ and w are 0.
        ridge = max(self.regularisation, 1e-6) * np.eye(len(self.gram))
        system = seeds.T @ seeds / count + unobserved_weight * self.gram + ridge
        parts = np.linalg.solve(system, seeds.T * targets / count).T
        whole = parts.sum(axis=0)
        return FoldIn(float(whole[-1]), whole[:-1].astype(np.float32), parts.astype(np.float32))

    def save(self, directory: Path) -> None:
        """Write the model into a directory that exists: one `.npy` an array, JSON for the rest."""
        arrays = {name: getattr(self, name) for name in (*ARRAYS, "gram")}
        save_arrays(directory, arrays, {name: float(getattr(self, name)) for name in SCALARS})

    @classmethod
    def load(cls, directory: Path, *, mmap: bool = True) -> "SvdModel":
        """Read what `save` wrote, memory-mapped and read-only unless `mmap` is False.

        Raises
        ------
        RecsysError
            When a file is missing, broken, or does not fit the others.
        """
        arrays = {
            name: load_array(directory, name, np.float32, ndim, mmap=mmap)
            for name, ndim in ARRAYS.items()
        }
        gram = load_array(directory, "gram", np.float64, 2, mmap=False)
        factors = arrays["item_factors"].shape[1]
        for side in ("user", "item"):
            expected = (len(arrays[f"{side}_bias"]), factors)
            check_shape(directory, f"{side}_factors", arrays[f"{side}_factors"].shape, expected)
        check_shape(directory, "gram", gram.shape, (factors + 1, factors + 1))
        settings = load_settings(directory)
        check_shape(directory, "model.json", sorted(settings), sorted(SCALARS))
        kinds = [type(settings[name]).__name__ for name in SCALARS]
        check_shape(directory, "the type of each scalar", kinds, ["float"] * len(SCALARS))
        scalars = {name: settings[name] for name in SCALARS}
        return cls(**cast("Any", {**arrays, **scalars, "gram": gram}))


def catalogue_gram(item_factors: Float32Array) -> Float64Array:
    """Mean of z zᵀ over the trained items, with z = (q, 1); (k + 1, k + 1) float64.

    Items whose factors are all 0 were not trained and are left out.
    """
    trained = item_factors[item_factors.any(axis=1)]
    rows = np.column_stack([trained, np.ones(len(trained), dtype=np.float32)])
    return (rows.T @ rows).astype(np.float64) / max(len(rows), 1)
