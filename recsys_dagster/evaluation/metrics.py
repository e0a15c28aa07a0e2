"""Ranking metrics of one listener's list; binary relevance."""

import numpy as np
from numpy.typing import NDArray

CUTOFFS = (5, 10, 20)


def hits(ranked: NDArray[np.integer], relevant: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which places of a ranking hold a relevant song.

    >>> hits(np.array([7, 3, 9]), np.array([3, 4])).tolist()
    [False, True, False]
    """
    return np.isin(ranked, relevant)


def precision(hit: NDArray[np.bool_], k: int) -> float:
    """Relevant songs among the first k, over k; places that a short list leaves are misses.

    >>> precision(np.array([True, False, True]), 2)
    0.5
    """
    return float(hit[:k].sum() / k)


def recall(hit: NDArray[np.bool_], k: int, relevant: int) -> float:
    """Relevant songs among the first k, over min(k, all relevant ones).

    >>> recall(np.array([True, False, True]), 2, relevant=1)
    1.0
    """
    return float(hit[:k].sum() / min(k, relevant))


def ndcg(hit: NDArray[np.bool_], k: int, relevant: int) -> float:
    """Discounted gain of the first k, over that of the best possible list.

    Gain 1 a relevant song, discount log2(place + 1): Järvelin and Kekäläinen 2002, "Cumulated
    gain-based evaluation of IR techniques", with the ideal list cut at k.

    >>> round(ndcg(np.array([False, True]), 2, relevant=1), 3)
    0.631
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    gained = float((hit[:k] * discounts[: len(hit[:k])]).sum())
    return gained / float(discounts[: min(k, relevant)].sum())


def measure(ranked: NDArray[np.integer], relevant: NDArray[np.integer]) -> dict[str, float]:
    """Every metric at every cutoff, such as `ndcg@10`, for one listener."""
    hit, count = hits(ranked, relevant), len(relevant)
    return {
        f"{name}@{k}": value
        for k in CUTOFFS
        for name, value in (
            ("precision", precision(hit, k)),
            ("recall", recall(hit, k, count)),
            ("ndcg", ndcg(hit, k, count)),
        )
    }
