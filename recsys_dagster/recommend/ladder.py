"""The ladder: how much is known of what was asked with, and which method can answer then."""

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.sources import Ids

RUNGS: tuple[str, ...] = ("known", "audio", "unknown", "none")
"""From the top: seeds with listens; seeds with audio features alone; seeds of which nothing is
known; no seeds."""


def rung_of(method: str, seeds: Ids, heard: Ids, plays: NDArray[np.int64], *, named: bool) -> str:
    """The rung of `RUNGS` from which a method answers.

    Parameters
    ----------
    method
        One of `METHODS`. `svd` cannot use audio features.
    seeds
        The songs of the catalogue among those asked with.
    heard
        Those of them that have audio features.
    plays
        Play counts, shape (n_songs,).
    named
        Whether anything was asked with, in the catalogue or not.
    """
    if (plays[seeds] > 0).any():
        return "known"
    if len(heard) and method != "svd":
        return "audio"
    return "unknown" if named else "none"


def method_of(method: str, rung: str) -> str:
    """The method that answers on a rung where another was asked for.

    The factorisation knows nothing of songs without listens, so it has no say in the hybrid then.
    """
    if rung == "known":
        return method
    if rung == "audio":
        return "knn" if method == "hybrid" else method
    return "popular"
