"""The audio features of the released songs, one by one and in the mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float64Array

_BLOCK = 1 << 16
Features = dict[str, float | None]
"""By name, each in its own unit; `None` where missing."""


class Sound:
    """Looks up audio features.

    Parameters
    ----------
    features
        By song id, (n_songs, f), NaN where missing.
    names
        Of the f columns.
    played
        Ids of the songs that count as the catalogue.
    """

    def __init__(
        self, features: NDArray[np.float32], names: tuple[str, ...], played: NDArray[Any]
    ) -> None:
        self._features, self._names, self._played = features, names, played
        self._catalogue: Features | None = None

    def of(self, song_ids: Sequence[int]) -> list[Features]:
        """The features of songs."""
        return [self._named(row) for row in self._rows(song_ids)]

    def mean(self, song_ids: Sequence[int], plays: Sequence[int] | None = None) -> Features:
        """The mean of each feature over the songs that have it; they count by `plays`, or alike."""
        weights = np.ones(len(song_ids)) if plays is None else np.asarray(plays, dtype=np.float64)
        return self._named(_mean(*_sums(self._rows(song_ids), weights)))

    def catalogue(self) -> Features:
        """The mean over the catalogue, worked out once."""
        if self._catalogue is None:
            total, counted = np.zeros((2, len(self._names)))
            for start in range(0, len(self._played), _BLOCK):
                rows = self._rows(self._played[start : start + _BLOCK])
                more, known = _sums(rows, np.ones(len(rows)))
                total, counted = total + more, counted + known
            self._catalogue = self._named(_mean(total, counted))
        return self._catalogue

    def _rows(self, song_ids: Sequence[int] | NDArray[Any]) -> Float64Array:
        ids = np.asarray(song_ids, dtype=np.int64)
        return np.asarray(self._features[ids], dtype=np.float64)

    def _named(self, row: Float64Array) -> Features:
        return {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(self._names, row, strict=True)
        }


def _sums(rows: Float64Array, weights: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Of each column the weighted sum, and the weight of the rows that have it."""
    known = np.isfinite(rows)
    return weights @ np.where(known, rows, 0.0), weights @ known


def _mean(total: Float64Array, counted: Float64Array) -> Float64Array:
    return np.divide(total, counted, out=np.full_like(total, np.nan), where=counted > 0)
