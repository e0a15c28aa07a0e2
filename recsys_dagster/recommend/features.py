"""What a learned ranker sees of each candidate.

Each feature belongs to the source that it speaks for, so that a score can be divided among the
sources afterwards. Every value is finite: what a source does not know is its neutral value, and
`audio_missing` says where that is so for the sound.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.artists import Artists
from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.sources import Ids, Items, Knn, Popular, Query, Svd

BY_SOURCE: Mapping[str, tuple[str, ...]] = {
    "svd": ("svd_rank", "svd_score", "svd_behind", "svd_nearest", "svd_farthest"),
    "items": ("items_rank", "items_score", "items_share", "items_nearest", "items_agree"),
    "knn": ("knn_rank", "knn_mean", "knn_nearest", "audio_missing"),
    "artist": ("artist_rank", "artist_share", "artist_same", "artist_taste", "artist_together"),
    "popular": ("popular_rank", "popular_listeners", "popular_plays"),
}
FEATURE_NAMES: tuple[str, ...] = (
    *(name for names in BY_SOURCE.values() for name in names),
    "seeds",
)
DERIVED: Mapping[str, tuple[str, ...]] = {"svd": ("artist_taste",), "items": ("artist_together",)}
"""Features of the source `artist` that are made of what another source says."""
NEAREST_SEEDS = 50
"""Of a whole history, to how many of the most played songs a candidate is compared one by one."""
_HALF = 20.0
"""The rank at which a rank counts half of the first."""
_LEAST = 1e-3

Columns = dict[str, NDArray[Any]]


def columns_of(source: str, *, derived: bool = False) -> list[int]:
    """Where the features of a source stand; with those that are made of them, if `derived`."""
    names = (*BY_SOURCE[source], *(DERIVED.get(source, ()) if derived else ()))
    return [FEATURE_NAMES.index(name) for name in names]


class CandidateFeatures:
    """Computes the features of a pool's candidates.

    Parameters
    ----------
    svd, knn, artists, popular
        The sources.
    items
        Item-item neighbours, or `None`: their features are neutral.
    listeners
        How many listeners each song has, shape (n_songs,).
    """

    def __init__(
        self, svd: Svd, items: Items | None, knn: Knn, artists: Artists, popular: Popular,
        listeners: NDArray[np.integer[Any]],
    ) -> None:  # fmt: skip
        self._svd, self._items, self._knn = svd, items, knn
        self._artists, self._popular, self._listeners = artists, popular, listeners

    def of(self, query: Query, pool: Pool) -> NDArray[np.float64]:
        """The features of all candidates, (n, len(FEATURE_NAMES)), in the order of `pool.ids`."""
        columns: Columns = {
            f"{name}_rank": _closeness(pool.ranks[name]) if name in pool.ranks else np.zeros(1)
            for name in BY_SOURCE
        }
        for found in (self._taste(query, pool), self._together(query, pool.ids),
                      self._sound(query, pool.ids), self._fame(query, pool.ids)):  # fmt: skip
            columns |= found
        columns |= self._by_artist(pool.ids, columns)
        columns["seeds"] = np.array([np.log1p(len(query.seeds))])
        rows = np.empty((len(pool.ids), len(FEATURE_NAMES)))
        for place, name in enumerate(FEATURE_NAMES):
            rows[:, place] = columns[name]
        return rows

    def _taste(self, query: Query, pool: Pool) -> Columns:
        """r̂, how far it lies behind the best candidate's, and the cosines with the seeds."""
        scores = self._svd.scores_of(query, pool.ids)
        cosines = self._svd.cosines(pool.ids, query.seeds[:NEAREST_SEEDS])
        return {
            "svd_score": scores,
            "svd_behind": scores - scores.max(initial=-np.inf),
            "svd_nearest": cosines.max(axis=1, initial=-1),
            "svd_farthest": cosines.min(axis=1, initial=1),
        }

    def _together(self, query: Query, ids: Ids) -> Columns:
        """How near the seeds are by who plays them, and how many of them are near at all."""
        near = np.zeros((len(ids), 1))
        if self._items is not None and len(query.seeds):
            near = self._items.contributions(query, ids)
        total = near.mean(axis=1)
        return {
            "items_score": np.log(total + _LEAST),
            "items_share": total / max(total.max(initial=0), _LEAST**2),
            "items_nearest": np.log(near.max(axis=1) + _LEAST),
            "items_agree": (near > 0).mean(axis=1),
        }

    def _sound(self, query: Query, ids: Ids) -> Columns:
        """Cosine with the mean of the seeds and with the nearest; 0 where either has no sound."""
        mean, nearest = self._knn.cosines(query, ids)
        return {
            "knn_mean": np.nan_to_num(mean),
            "knn_nearest": np.nan_to_num(nearest),
            "audio_missing": np.isnan(mean),
        }

    def _by_artist(self, ids: Ids, columns: Columns) -> Columns:
        """The best of r̂, and the sum of what seeds say, of all candidates by the same artist.

        Who likes one song by an artist likes others, also of artists that no seed is by.
        """
        whose = np.unique(self._artists.artists[ids], return_inverse=True)[1]
        best = np.full(whose.max(initial=-1) + 1, -np.inf)
        np.maximum.at(best, whose, columns["svd_score"])
        near = np.bincount(whose, weights=columns["items_share"])
        return {"artist_taste": best[whose], "artist_together": np.log1p(near[whose])}

    def _fame(self, query: Query, ids: Ids) -> Columns:
        """By an artist of the seeds or not, and how much the song is played by how many."""
        seeds = self._artists.of(query)
        share = (self._artists.artists[ids][:, None] == seeds[None, :]).sum(axis=1)
        plays = np.maximum(self._popular.plays[ids], 0)
        return {
            "artist_share": share / max(len(seeds), 1),
            "artist_same": share > 0,
            "popular_listeners": np.log1p(self._listeners[ids]),
            "popular_plays": np.log1p(plays),
        }


def _closeness(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 at the first rank, ½ at the 21st, 0 for a song that the source did not bring."""
    return np.where(ranks > 0, _HALF / (_HALF - 1 + ranks), 0)
