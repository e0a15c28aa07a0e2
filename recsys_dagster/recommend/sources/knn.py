"""The candidate source "sound": nearest neighbours over the audio features."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.shortlist import Shortlist
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.sources.base import Candidates, Columns, Ids, Query, Scores, Source
from recsys_dagster.recommend.sources.picking import units

AUDIO_SEEDS = 5
"""Of a whole history, the most played songs that the audio sources look at: the mean of more is
like nothing in particular."""


class Knn(Source):
    """Songs that sound like the seeds' mean.

    Attributes
    ----------
    shortlist
        Of the index's vectors, or `None`: all are compared. Set for large catalogues.
    """

    name = "knn"
    label = "KNN"
    explained = "Sound alone: songs whose audio features are nearest to your songs'."
    brings = "Sound"
    features: ClassVar[Mapping[str, float]] = {
        "knn_mean": 0.0, "knn_nearest": 0.0, "audio_missing": 1.0,
    }  # fmt: skip
    needs_audio = True

    def __init__(self, index: KnnIndex, unavailable: Ids) -> None:
        self.index = index
        self.shortlist: Shortlist | None = None
        self._available = ~np.isin(index.song_ids, unavailable)

    @classmethod
    def of(cls, models: Models) -> Self:
        """See `Source`."""
        return cls(models.knn, np.flatnonzero(~models.recommendable))

    def usable(self, query: Query) -> Ids:
        """The seeds that have audio features; of a whole history, the most played of them."""
        known = query.seeds[self.index.positions(query.seeds) >= 0]
        return known if query.ratings is None else known[:AUDIO_SEEDS]

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by cosine; none when no seed has audio features. See `Source`."""
        vector, unwanted = self.index.mean(self.usable(query)), query.unwanted
        among = self.shortlist.find(vector, n, len(unwanted)) if self.shortlist else None
        found = self._nearest(vector, n, unwanted, among)
        if among is not None and len(found.ids) < n:
            found = self._nearest(vector, n, unwanted, None)
        return found

    def _nearest(self, vector: Scores, n: int, unwanted: Ids, among: Ids | None) -> Candidates:
        available = self._available
        return Candidates(*self.index.query(vector, n, unwanted, allowed=available, among=among))

    def cosines(self, query: Query, ids: Ids) -> tuple[Scores, Scores]:
        """Cosines of (n,) songs with the seeds' mean and with the nearest seed, (n,) each.

        NaN where the song has no audio features, or no seed has.
        """
        usable = self.usable(query)
        if not len(usable) or not len(ids):
            return np.full(len(ids), np.nan, np.float32), np.full(len(ids), np.nan, np.float32)
        songs, seeds = self.index.vector(ids), self.index.vector(usable)
        mean = songs @ units(self.index.mean(usable)[None])[0]
        return mean, (songs @ seeds.T).max(axis=1)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """Cosine with each seed that the mean was taken of, where it is above 0."""
        cosines = self.index.similarity(ids, query.seeds)
        counted = np.isin(query.seeds, self.usable(query))
        return np.where(counted, np.maximum(np.nan_to_num(cosines), 0), 0)

    def columns(self, query: Query, ids: Ids) -> Columns:
        """Cosine with the mean of the seeds and with the nearest; 0 where either has no sound."""
        mean, nearest = self.cosines(query, ids)
        missing = np.isnan(mean)
        return {
            "knn_mean": np.where(missing, np.float32(0), mean),
            "knn_nearest": np.where(missing, np.float32(0), nearest),
            "audio_missing": missing,
        }
