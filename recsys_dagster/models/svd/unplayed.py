"""Pairs that were never played, as training pairs with 0 plays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float64Array, IntArray, check_indices


def with_unplayed(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    plays: NDArray[Any],
    *,
    n_items: int,
    pool: NDArray[np.integer[Any]] | None = None,
    per_pair: int,
    rng: np.random.Generator | int,
    also_played: tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]] | None = None,
) -> tuple[IntArray, IntArray, Float64Array]:
    """Append sampled pairs with 0 plays, that is, with rating log(1 + 0) = 0.

    A factorisation of the played pairs alone predicts how much a song is played by those who
    play it, and ranks badly. With unplayed pairs it also predicts whether a song is played.

    Parameters
    ----------
    users, items, plays
        (n,) the played pairs.
    n_items
        Size of the catalogue.
    pool
        (m,) the items to draw from; by default the whole catalogue.
    per_pair
        How many unplayed pairs are drawn for each played one: users as often as they occur,
        items uniformly. Draws that were played, or drawn before, are dropped, so fewer result.
    rng
        Seed or generator.
    also_played
        Users and items of more pairs that are known to be played, and are not drawn either.

    Returns
    -------
    users, items, plays
        The played pairs first, in their order, then the unplayed.

    Raises
    ------
    RecsysError
        When an item lies outside the catalogue.
    """
    check_indices("items", items, n_items)
    played = users.astype(np.int64) * n_items + items
    random = np.random.default_rng(rng)
    drawn_users = np.repeat(users.astype(np.int64), per_pair)
    items_drawn_from = np.arange(n_items) if pool is None else np.asarray(pool, dtype=np.int64)
    drawn = drawn_users * n_items + random.choice(items_drawn_from, size=len(drawn_users))
    # Sorted, so that no hash decides the order; training shuffles the pairs anyway.
    unplayed = np.setdiff1d(drawn, played)
    if also_played is not None:
        unplayed = np.setdiff1d(
            unplayed, also_played[0].astype(np.int64) * n_items + also_played[1]
        )
    return (
        np.concatenate([users.astype(np.int64), unplayed // n_items]),
        np.concatenate([items.astype(np.int64), unplayed % n_items]),
        np.concatenate([plays.astype(np.float64), np.zeros(len(unplayed))]),
    )
