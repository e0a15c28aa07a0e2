"""Maximal marginal relevance: songs that are worth much, and unlike those taken before them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.sources import Ids

Floats = NDArray[np.floating[Any]]


class Likeness:
    """How much songs are like each other, 0 … 1.

    Parameters
    ----------
    spaces
        (n, d) vectors of any length, one array a space; NaN or 0 where a song is not in it.
    """

    def __init__(self, spaces: Sequence[Floats]) -> None:
        self._units = []
        self._known = []
        for space in spaces:
            vectors = np.nan_to_num(np.asarray(space, np.float64))
            lengths = np.linalg.norm(vectors, axis=1)
            self._known.append(lengths > 0)
            self._units.append(vectors / np.where(lengths > 0, lengths, 1)[:, None])

    def to(self, position: int) -> NDArray[np.float64]:
        """How much each song is like one of them, (n,): the mean cosine, and at least 0."""
        cosines = sum(units @ units[position] for units in self._units)
        spaces = sum((known & known[position]).astype(np.float64) for known in self._known)
        return np.asarray(np.maximum(cosines / np.maximum(spaces, 1), 0))


def marginal_relevance(
    values: NDArray[np.float64],
    artists: NDArray[np.integer[Any]],
    likeness: Likeness | None,
    n: int,
    *,
    diversity: float,
    max_per_artist: int | None,
) -> Ids:
    """Take `n` songs one by one; see `reranking`.

    Parameters
    ----------
    values
        (m,) values, falling.
    artists
        (m,) a number for each artist.
    likeness
        Of the m songs; `None`: all are unlike.
    n
        How many songs.
    diversity, max_per_artist
        See `Reranking`.

    Returns
    -------
    (n,) int64
        Positions in the order taken; fewer where the artists' room ends.
    """
    most = min(max_per_artist or len(values), len(values))
    room = np.full(artists.max(initial=-1) + 1, most)
    gains = (1 - diversity) * values
    nearest = np.zeros(len(values))
    free = np.ones(len(values), dtype=bool)
    taken: list[int] = []
    while len(taken) < n and free.any():
        best = int(np.argmax(np.where(free, gains - diversity * nearest, -np.inf)))
        taken.append(best)
        free[best] = False
        room[artists[best]] -= 1
        if not room[artists[best]]:
            free &= artists != artists[best]
        if likeness is not None:
            nearest = np.maximum(nearest, likeness.to(best))
    return np.array(taken, dtype=np.int64)
