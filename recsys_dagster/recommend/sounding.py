"""Songs that sound alike, for a whole block of queries."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.knn.index import ROUNDING, KnnIndex
from recsys_dagster.models.scan import ItemLists, scan
from recsys_dagster.recommend.sources import Candidates, Ids, Knn, Query, Scores

_MORE = 16
"""So many songs more are scanned for: it rounds, and those at the border may change places."""


def sounds_like(
    knn: Knn, queries: Sequence[Query], silenced: Scores, n: int
) -> list[Candidates | None]:
    """The `n` songs nearest to the mean of each query's seeds, as `Knn.candidates` has them.

    Parameters
    ----------
    silenced
        By position of the index, 0, or -inf where a song may not be recommended.

    Returns
    -------
    `None` where more songs than were scanned for are as near as the last one: each of them has to
    be looked at.
    """
    index = knn.index
    means = np.array([index.mean(knn.usable(query)) for query in queries], np.float64)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    means = means / np.where(lengths > 0, lengths, 1)
    places = [index.positions(query.unwanted) for query in queries]
    places = [one[one >= 0] for one in places]
    starts = np.cumsum([0, *(len(one) for one in places)])
    hidden = ItemLists(starts.astype(np.int64), np.concatenate(places))
    zeros = np.zeros(len(queries), np.float32)
    near, rough = scan(
        means.astype(np.float32), index.vectors, (silenced, zeros), hidden, n + _MORE
    )
    exact = _exact(index, means, near)
    found = [near[row] >= 0 for row in range(len(queries))]
    return [
        _best(index, near[row][found[row]], exact[row][found[row]], n if lengths[row] else 0)
        if not lengths[row] or not found[row][-1] or rough[row, -1] < rough[row, n - 1] - ROUNDING
        else None
        for row in range(len(queries))
    ]


def _best(index: KnnIndex, places: Ids, cosines: Scores, n: int) -> Candidates:
    best = np.lexsort((places, -cosines))[:n]
    return Candidates(index.song_ids[places[best]], cosines[best])


def _exact(index: KnnIndex, means: NDArray[Any], near: Ids) -> Scores:
    """Cosines added up coordinate by coordinate, as `KnnIndex.query` does; (b, n)."""
    exact = np.zeros(near.shape)
    for coordinate, row in zip(means.T, index.vectors, strict=True):
        exact += coordinate[:, None] * row[np.maximum(near, 0)].astype(np.float64)
    return np.clip(exact, -1, 1).astype(np.float32)
