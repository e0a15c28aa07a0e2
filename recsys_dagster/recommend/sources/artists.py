"""The candidate source "same artist"."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.sources.base import Candidates, Columns, Ids, Query, Source
from recsys_dagster.recommend.sources.picking import is_among

ARTISTS = 20
"""Of a whole history, of how many of the most played songs the artists are looked at."""


class Artists(Source):
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
    label = "Same artist"
    explained = "Other songs by your songs' artists, the most played first."
    brings = "Same artist"
    features = dict.fromkeys(("artist_share", "artist_same"), 0.0)

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

    @classmethod
    def of(cls, models: Models) -> Self:
        """See `Source`."""
        return cls(models.artists, models.plays, models.recommendable)

    def of_seeds(self, query: Query) -> NDArray[np.int64]:
        """The artists of the seeds that count, (s,)."""
        return self.artists[query.seeds[:ARTISTS]].astype(np.int64)

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by how many seeds their artist has, then by plays; see `Source`."""
        artists, seeds = np.unique(self.of_seeds(query), return_counts=True)
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

    def columns(self, query: Query, ids: Ids) -> Columns:
        """By an artist of the seeds or not."""
        seeds = self.of_seeds(query)
        share = (self.artists[ids][:, None] == seeds[None, :]).sum(axis=1)
        return {"artist_share": share / max(len(seeds), 1), "artist_same": share > 0}
