"""What a learned ranker sees of each candidate.

Each feature belongs to the source that it speaks for, so that a score can be divided among the
sources afterwards. Every value is finite: what a source does not know is its neutral value, and
`audio_missing` says where that is so for the sound.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.sources import SOURCES, Ids, Query, Source

DERIVED: Mapping[str, tuple[str, ...]] = {"svd": ("artist_taste",), "items": ("artist_together",)}
"""Features of the source `artist` that are made of what another source says."""
_DERIVED_OF = {"artist": tuple(name for names in DERIVED.values() for name in names)}
BY_SOURCE: Mapping[str, tuple[str, ...]] = {
    kind.name: (f"{kind.name}_rank", *kind.features, *_DERIVED_OF.get(kind.name, ()))
    for kind in SOURCES
}
FEATURE_NAMES: tuple[str, ...] = (
    *(name for names in BY_SOURCE.values() for name in names),
    "seeds",
)
_NEUTRAL = {name: np.array([value]) for kind in SOURCES for name, value in kind.features.items()}
_HALF = 20.0
"""The rank at which a rank counts half of the first."""

Columns = dict[str, NDArray[Any]]


def columns_of(source: str, *, derived: bool = False) -> list[int]:
    """Where the features of a source stand; with those that are made of them, if `derived`."""
    names = (*BY_SOURCE[source], *(DERIVED.get(source, ()) if derived else ()))
    return [FEATURE_NAMES.index(name) for name in names]


class CandidateFeatures:
    """Computes the features of a pool's candidates.

    Parameters
    ----------
    sources
        By name; the features of one that is not there are neutral.
    artists
        Number of each song's artist, shape (n_songs,).
    """

    def __init__(self, sources: Mapping[str, Source], artists: NDArray[np.integer[Any]]) -> None:
        self._sources, self._artists = sources, artists

    def of(self, query: Query, pool: Pool) -> NDArray[np.float64]:
        """The features of all candidates, (n, len(FEATURE_NAMES)), in the order of `pool.ids`."""
        columns: Columns = {
            f"{name}_rank": _closeness(pool.ranks[name]) if name in pool.ranks else np.zeros(1)
            for name in BY_SOURCE
        }
        columns |= _NEUTRAL
        for source in self._sources.values():
            columns |= source.columns(query, pool.ids)
        columns |= self._by_artist(pool.ids, columns)
        columns["seeds"] = np.array([np.log1p(len(query.seeds))])
        features = np.empty((len(FEATURE_NAMES), len(pool.ids)))
        for place, name in enumerate(FEATURE_NAMES):
            features[place] = columns[name]
        return np.ascontiguousarray(features.T)

    def _by_artist(self, ids: Ids, columns: Columns) -> Columns:
        """The best of r̂, and the sum of what seeds say, of all candidates by the same artist.

        Who likes one song by an artist likes others, also of artists that no seed is by.
        """
        whose = np.unique(self._artists[ids], return_inverse=True)[1]
        best = np.full(whose.max(initial=-1) + 1, -np.inf)
        np.maximum.at(best, whose, columns["svd_score"])
        near = np.bincount(whose, weights=np.broadcast_to(columns["items_share"], len(ids)))
        return {"artist_taste": best[whose], "artist_together": np.log1p(near[whose])}


def _closeness(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 at the first rank, ½ at the 21st, 0 for a song that the source did not bring."""
    return np.where(ranks > 0, _HALF / (_HALF - 1 + ranks), 0)
