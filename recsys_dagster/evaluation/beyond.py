"""What a list is like beyond being right: coverage, concentration, novelty and diversity.

Lists are song ids, best first, shape (n, k): a row a listener, -1 where a list is shorter.
What cannot be measured is NaN.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.knn.index import KnnIndex

CUTOFF = 10
BY_LISTENER = tuple(f"{name}@{CUTOFF}" for name in ("novelty", "diversity", "artist_diversity"))
"""Figures of each list; their mean over listeners has an interval."""
OVER_ALL = tuple(f"{name}@{CUTOFF}" for name in ("coverage", "gini"))
"""Figures of all lists together; a listener more or less has no figure of its own."""
BEYOND = (*OVER_ALL, *BY_LISTENER)

Ints = NDArray[np.integer[Any]]
Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the songs are; what is not given makes the figures that need it NaN.

    Attributes
    ----------
    artists
        Number of each song's artist, shape (n_songs,).
    index
        The audio vectors.
    """

    artists: Ints | None = None
    index: KnnIndex | None = None


def catalogue_coverage(lists: Ints, available: NDArray[np.bool_]) -> float:
    """Share of the songs that may be recommended which stand in some list.

    >>> catalogue_coverage(np.array([[0, 1], [1, -1]]), np.ones(4, bool))
    0.5
    """
    counts = _counts(lists, available)
    return float((counts > 0).mean()) if len(lists) and len(counts) else np.nan


def gini(lists: Ints, available: NDArray[np.bool_]) -> float:
    """How unequally recommendations fall on the songs: 0 all alike, 1 all on one of very many.

    The Gini coefficient of how often each song is recommended, Σ (2i - n - 1) x_i / (n Σ x)
    over ascending x_i.

    >>> gini(np.array([[0], [1]]), np.ones(2, bool))
    0.0
    >>> gini(np.array([[0], [0]]), np.ones(2, bool))
    0.5
    """
    counts = np.sort(_counts(lists, available)).astype(np.float64)
    n, total = len(counts), counts.sum()
    if total == 0:
        return np.nan
    return float(((2 * np.arange(1, n + 1) - n - 1) * counts).sum() / (n * total))


def self_information(listeners: Ints, n_users: int) -> Figures:
    """-log2 of the share of listeners who play each song, in bits, shape (n_songs,).

    A song that nobody plays counts as played by one, the most surprising share there is.
    Vargas and Castells 2011, "Rank and relevance in novelty and diversity metrics".

    >>> self_information(np.array([4, 1, 0]), 4).tolist()
    [0.0, 2.0, 2.0]
    """
    return np.asarray(np.log2(max(n_users, 1) / np.maximum(listeners, 1)))


def novelty(lists: Ints, information: Figures) -> Figures:
    """Mean self-information of each list's songs, (n,) bits; NaN for an empty list.

    >>> novelty(np.array([[0, 1], [-1, -1]]), np.array([0.0, 2.0])).tolist()
    [1.0, nan]
    """
    there = lists >= 0
    return _over(np.where(there, information[lists], 0.0).sum(axis=1), there.sum(axis=1))


def intra_list_diversity(lists: Ints, index: KnnIndex) -> Figures:
    """1 less the mean cosine of all pairs of songs with audio in each list, (n,).

    NaN with fewer than two such songs. Smyth and McClave 2001, "Similarity vs. diversity". The
    vectors have length 1, so that the pairs need not be formed: Σ_{i≠j} v_i·v_j = |Σ v|² - m.
    """
    flat = index.vector(lists.ravel()).astype(np.float64)
    vectors = flat.reshape(*lists.shape, flat.shape[-1])
    songs = np.isfinite(vectors).all(axis=2).sum(axis=1).astype(np.float64)
    sums = np.nan_to_num(vectors).sum(axis=1)
    return 1 - _over((sums**2).sum(axis=1) - songs, songs * (songs - 1))


def artist_diversity(lists: Ints, artists: Ints) -> Figures:
    """Different artists over songs in each list, (n,); NaN for an empty list.

    >>> artist_diversity(np.array([[0, 1], [0, 2]]), np.array([5, 5, 6])).tolist()
    [0.5, 1.0]
    """
    whose = np.sort(np.where(lists >= 0, artists[lists], -1), axis=1)
    changes = np.diff(whose, axis=1, prepend=-1) != 0
    return _over(changes.sum(axis=1), (lists >= 0).sum(axis=1))


def measure_lists(lists: Ints, information: Figures, catalogue: Catalogue) -> dict[str, Figures]:
    """The figures of `BY_LISTENER`, shape (n,) each."""
    first, unknown = lists[:, :CUTOFF], np.full(len(lists), np.nan)
    index, artists = catalogue.index, catalogue.artists
    values = (
        novelty(first, information),
        unknown if index is None else intra_list_diversity(first, index),
        unknown if artists is None else artist_diversity(first, artists),
    )
    return dict(zip(BY_LISTENER, values, strict=True))


def _counts(lists: Ints, available: NDArray[np.bool_]) -> Ints:
    """How often each available song stands in the lists."""
    return np.asarray(np.bincount(lists[lists >= 0], minlength=len(available))[available])


def _over(part: Any, whole: Any) -> Figures:
    """A quotient, NaN where the whole is not above 0."""
    return np.asarray(part / np.where(whole > 0, whole, np.nan))
