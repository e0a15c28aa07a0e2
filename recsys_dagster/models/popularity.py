"""The baselines that every model has to beat: what is played most, and chance."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float64Array, check_indices


def play_counts(items: NDArray[np.integer[Any]], plays: NDArray[Any], n_items: int) -> Float64Array:
    """Sum the plays of each item.

    Parameters
    ----------
    items, plays
        (n,) item and play count of each interaction.
    n_items
        Size of the catalogue; items without interactions get 0.

    Returns
    -------
    (n_items,) float64

    Raises
    ------
    RecsysError
        When an item lies outside the catalogue.
    """
    check_indices("items", items, n_items)
    return np.bincount(items, weights=plays, minlength=n_items).astype(np.float64)
