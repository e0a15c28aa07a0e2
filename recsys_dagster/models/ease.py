"""EASE: item-item weights in closed form, for catalogues that a dense matrix can hold."""

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
    checked_seeds,
    load_array,
    load_settings,
    save_arrays,
)

MOST_ITEMS = 20_000
"""Of a catalogue: its weights are items by items, 1.6 GB in float32 at this limit."""
REGULARISATION = 400.0
"""λ by default."""


@dataclass(frozen=True)
class Ease:
    """B = I - P diag(P)⁻¹ with P = (XᵀX + λI)⁻¹.

    It is the B of zero diagonal with the least ‖X - XB‖² + λ‖B‖², for listeners by items X of
    ones and zeros.

    Steck 2019, "Embarrassingly shallow autoencoders for sparse data". A listener's score of an
    item is the sum of B over the songs that they played. Meant for up to `MOST_ITEMS` items.

    Attributes
    ----------
    weights
        (n_items, n_items) float32, B: row i is what having played i says of all others.
    regularisation
        λ.
    """

    weights: Float32Array
    regularisation: float

    def __len__(self) -> int:
        return len(self.weights)

    @classmethod
    def fit(
        cls,
        users: NDArray[np.integer[Any]],
        items: NDArray[np.integer[Any]],
        *,
        n_users: int,
        n_items: int,
        regularisation: float = REGULARISATION,
    ) -> "Ease":
        """Solve for the weights.

        With K = (XXᵀ + λI)⁻¹ the same P is (I - XᵀKX) / λ, so the system that is solved has as
        many rows as there are listeners or items, whichever are fewer.

        Parameters
        ----------
        users, items
            (n,) each, one entry for each listener and item.
        regularisation
            λ, above 0.

        Raises
        ------
        RecsysError
            When the catalogue is too big, λ is not above 0, or indices lie outside the matrix.
        """
        _check(n_items, regularisation)
        check_indices("users", users, n_users)
        check_indices("items", items, n_items)
        played, rows = np.unique(users, return_inverse=True)
        listens = np.zeros((len(played), n_items), np.float32)
        listens[rows, items] = 1
        inverse = _few_listeners if len(played) < n_items else _few_items
        weights, diagonal = inverse(listens, regularisation)
        weights /= -diagonal.astype(np.float32)
        np.fill_diagonal(weights, 0)
        return cls(weights, float(regularisation))

    def scores(
        self, seeds: NDArray[np.integer[Any]], weights: Float32Array | None = None
    ) -> Float32Array:
        """The scores of all items for a listener of (s,) seeds, as (n_items,) float32.

        Parameters
        ----------
        weights
            (s,) how much each counts; by default 1.

        Raises
        ------
        RecsysError
            When a seed lies outside the catalogue or weights and seeds differ in number.
        """
        positions, counted = checked_seeds(seeds, weights, len(self))
        rows = self.weights[positions]
        return np.asarray(counted @ rows, dtype=np.float32)

    def contributions(
        self,
        seeds: NDArray[np.integer[Any]],
        items: NDArray[np.integer[Any]],
        weights: Float32Array | None = None,
    ) -> Float32Array:
        """What each seed added to the scores of (n,) items, as (n, s) float32; see `scores`."""
        check_indices("items", items, len(self))
        positions, counted = checked_seeds(seeds, weights, len(self))
        rows = self.weights[positions]
        return np.asarray((rows[:, items] * counted[:, None]).T, dtype=np.float32)

    def save(self, directory: Path) -> None:
        """Write it into a directory that exists."""
        settings = {"regularisation": self.regularisation}
        save_arrays(directory, {"weights": self.weights}, settings)

    @classmethod
    def load(cls, directory: Path, *, mmap: bool = True) -> "Ease":
        """Read what `save` wrote, memory-mapped and read-only unless `mmap` is False.

        Raises
        ------
        RecsysError
            When a file is missing, broken, or does not fit the others.
        """
        weights = load_array(directory, "weights", np.float32, 2, mmap=mmap)
        check_shape(directory, "weights", weights.shape, (len(weights), len(weights)))
        settings = load_settings(directory)
        check_shape(directory, "model.json", sorted(settings), ["regularisation"])
        return cls(weights, settings["regularisation"])


def _check(n_items: int, regularisation: float) -> None:
    if n_items > MOST_ITEMS:
        raise RecsysError(
            f"EASE holds a weight for each pair of items, and there are {n_items:,}; expected at "
            f"most {MOST_ITEMS:,}. Use item neighbours (item_knn) for a bigger catalogue."
        )
    if not 0 < regularisation < float("inf"):
        raise RecsysError(f"regularisation must be a number above 0; got {regularisation}.")


Inverse = tuple[Float32Array, NDArray[np.float64]]
"""P and its diagonal, either times the same number."""


def _few_items(listens: Float32Array, regularisation: float) -> Inverse:
    gram = (listens.T @ listens).astype(np.float64)
    gram[np.diag_indices_from(gram)] += regularisation
    inverse = np.linalg.inv(gram)
    return inverse.astype(np.float32), np.diag(inverse).copy()


def _few_listeners(listens: Float32Array, regularisation: float) -> Inverse:
    """λP = I - XᵀKX."""
    gram = (listens @ listens.T).astype(np.float64)
    gram[np.diag_indices_from(gram)] += regularisation
    solved = np.linalg.solve(gram, listens.astype(np.float64))
    diagonal = 1 - np.einsum("ui,ui->i", listens, solved)
    weights = listens.T @ -solved.astype(np.float32)
    weights[np.diag_indices_from(weights)] = diagonal
    return weights, diagonal
