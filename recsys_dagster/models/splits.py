"""Random splits of interactions into train, valid and test."""

import numpy as np

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import IntArray


def random_split(
    n: int,
    *,
    rng: np.random.Generator | int,
    shares: tuple[float, float, float] = (0.75, 0.125, 0.125),
) -> tuple[IntArray, IntArray, IntArray]:
    """Split the positions 0 … n - 1 at random.

    Parameters
    ----------
    n
        How many interactions there are.
    rng
        Seed or generator.
    shares
        Of train, valid and test; not negative, summing to 1. Sizes are rounded to the nearest
        whole number at each border, so a tiny `n` may leave a part empty.

    Returns
    -------
    tuple of (n_train,), (n_valid,), (n_test,) int64
        Sorted positions; every position is in exactly one of them.

    Raises
    ------
    RecsysError
        When `n` is negative or the shares are not three shares of 1.
    """
    if n < 0:
        raise RecsysError(f"n must be at least 0; got {n}.")
    if len(shares) != 3 or not min(shares) >= 0 or not abs(sum(shares) - 1) < 1e-9:
        raise RecsysError(
            f"shares must be three numbers from 0 to 1 that sum to 1; got {shares}. "
            "For example (0.75, 0.125, 0.125)."
        )
    order = np.random.default_rng(rng).permutation(n).astype(np.int64)
    borders = [round(n * shares[0]), round(n * (shares[0] + shares[1]))]
    train, valid, test = (np.sort(part) for part in np.split(order, borders))
    return train, valid, test
