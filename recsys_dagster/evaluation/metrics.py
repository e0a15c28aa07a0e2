"""Ranking metrics with binary relevance, of one listener's list or of many at once.

`hit` says which places of a list hold a relevant song: shape (k,) for one listener, (n, k) for
n. `relevant` is the number of relevant songs, a number or shape (n,); without any, what divides
by it is NaN.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

CUTOFFS = (5, 10, 20)
ACCURACY = ("ndcg", "recall", "precision", "mrr", "hit")
ACCURACY_NAMES = tuple(f"{name}@{k}" for name in ACCURACY for k in CUTOFFS)

Hits = NDArray[np.bool_]
Counts = int | NDArray[np.integer[Any]]
Figures = NDArray[np.float64]


def hits(ranked: NDArray[np.integer], relevant: NDArray[np.integer]) -> Hits:
    """Which places of a ranking hold a relevant song.

    >>> hits(np.array([7, 3, 9]), np.array([3, 4])).tolist()
    [False, True, False]
    """
    found: Hits = (ranked[..., None] == relevant).any(axis=-1)  # NumPy's isin sorts both
    return found


def precision(hit: Hits, k: int) -> Figures:
    """Relevant songs among the first k, over k; places that a short list leaves are misses.

    >>> float(precision(np.array([True, False, True]), 2))
    0.5
    """
    return np.asarray(hit[..., :k].sum(axis=-1) / k)


def recall(hit: Hits, k: int, relevant: Counts) -> Figures:
    """Relevant songs among the first k, over min(k, all relevant ones).

    >>> float(recall(np.array([True, False, True]), 2, relevant=1))
    1.0
    """
    return _over(hit[..., :k].sum(axis=-1), np.minimum(k, relevant))


def ndcg(hit: Hits, k: int, relevant: Counts) -> Figures:
    """Discounted gain of the first k, over that of the best possible list.

    Gain 1 a relevant song, discount log2(place + 1): Järvelin and Kekäläinen 2002, "Cumulated
    gain-based evaluation of IR techniques", with the ideal list cut at k.

    >>> round(float(ndcg(np.array([False, True]), 2, relevant=1)), 3)
    0.631
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    first = hit[..., :k]
    gained = (first * discounts[: first.shape[-1]]).sum(axis=-1)
    best = np.concatenate([[0.0], np.cumsum(discounts)])
    return _over(gained, best[np.minimum(k, relevant)])


def reciprocal_rank(hit: Hits, k: int) -> Figures:
    """1 over the place of the first relevant song, 0 if none is among the first k.

    The mean over listeners is the MRR: Voorhees 1999, "The TREC-8 question answering track
    report".

    >>> float(reciprocal_rank(np.array([False, True, True]), 3))
    0.5
    """
    first = hit[..., :k]
    places = np.arange(1, first.shape[-1] + 1)
    return np.asarray((first / places).max(axis=-1, initial=0.0))


def hit_rate(hit: Hits, k: int) -> Figures:
    """1 if any of the first k songs is relevant, else 0.

    >>> float(hit_rate(np.array([False, True]), 2))
    1.0
    """
    return np.asarray(hit[..., :k].any(axis=-1), dtype=np.float64)


def measure_hits(hit: Hits, relevant: Counts) -> dict[str, Figures]:
    """Every metric at every cutoff, such as `ndcg@10`; NaN for all without relevant songs.

    >>> found = measure_hits(np.array([[True, False], [False, False]]), np.array([1, 0]))
    >>> found["hit@5"].tolist()
    [1.0, nan]
    """
    found = {}
    for k in CUTOFFS:
        found[f"ndcg@{k}"] = ndcg(hit, k, relevant)
        found[f"recall@{k}"] = recall(hit, k, relevant)
        found[f"precision@{k}"] = precision(hit, k)
        found[f"mrr@{k}"] = reciprocal_rank(hit, k)
        found[f"hit@{k}"] = hit_rate(hit, k)
    measurable = np.asarray(relevant) > 0
    return {name: np.where(measurable, found[name], np.nan) for name in ACCURACY_NAMES}


def measure(ranked: NDArray[np.integer], relevant: NDArray[np.integer]) -> dict[str, float]:
    """Every metric at every cutoff for one listener's list of song ids.

    >>> measure(np.array([7, 3]), np.array([3]))["mrr@5"]
    0.5
    """
    found = measure_hits(hits(ranked, relevant), len(relevant))
    return {name: float(value) for name, value in found.items()}


def _over(part: Any, whole: Any) -> Figures:
    """A quotient, NaN where the whole is 0."""
    divisor = np.asarray(whole, dtype=np.float64)
    return np.asarray(part / np.where(divisor > 0, divisor, np.nan))
