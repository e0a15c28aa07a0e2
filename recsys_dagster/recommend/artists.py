"""The candidate source "same artist"."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.sources import Candidates, Ids, Query, is_among

ARTISTS = 20
"""Of a whole history, of how many of the most played songs the artists are looked at."""


class Artists:
    """Other songs by the seeds' artists, the most played first.

    Parameters
    ----------
    artists
        Number of each song's artist, shape (n_songs,).
    plays
        Play counts, shape (n_songs,).
    available
        Which songs may be recommended, shape (n_songs,).
    """

    name = "artist"

    def __init__(
        self,
        artists: NDArray[np.integer[Any]],
        plays: NDArray[np.integer[Any]],
        available: NDArray[np.bool_],
    ) -> None:
        self.artists = artists
        self._plays = plays
        songs = np.argsort(artists, kind="stable")
        self._songs = songs[available[songs]]
        self._starts = np.searchsorted(
            artists[self._songs], np.arange(int(artists.max(initial=-1)) + 2)
        )

    def of(self, query: Query) -> NDArray[np.int64]:
        """The artists of the seeds that count, (s,)."""
        return self.artists[query.seeds[:ARTISTS]].astype(np.int64)

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by how many seeds their artist has, then by plays; see `Source`."""
        artists, seeds = np.unique(self.of(query), return_counts=True)
        ids = np.concatenate([np.empty(0, np.int64), *(self._by(one) for one in artists)])
        share = np.repeat(seeds / max(len(query.seeds[:ARTISTS]), 1), self._counts(artists))
        kept = ~is_among(ids, query.unwanted)
        ids, share = ids[kept], share[kept]
        best = np.lexsort((ids, -self._plays[ids], -share))[:n]
        return Candidates(ids[best], share[best].astype(np.float32))

    def _by(self, artist: int) -> Ids:
        return self._songs[self._starts[artist] : self._starts[artist + 1]].astype(np.int64)

    def _counts(self, artists: Ids) -> Ids:
        return np.asarray(self._starts[artists + 1] - self._starts[artists])

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """1 for each seed of the same artist."""
        seeds = self.artists[query.seeds]
        return np.asarray(self.artists[ids][:, None] == seeds[None, :], dtype=np.float64)
