"""Rows of a model predicted from audio and artist: a weighted ridge with artist offsets."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recsys_dagster.models.arrays import BoolArray, Float32Array, Float64Array, IntArray
from recsys_dagster.side_by_side import side_by_side

_ROWS_AT_ONCE = 1 << 11
"""The regressors of a whole catalogue would be large."""


@dataclass(frozen=True)
class Songs:
    """What is known of n songs.

    Attributes
    ----------
    artists
        (n,) int64, dense numbers of the artists; -1 for unknown.
    audio
        (n, d) float32, finite.
    """

    artists: IntArray
    audio: Float32Array

    @classmethod
    def of(cls, artists: IntArray, audio: Float32Array) -> "Songs":
        """Songs whose audio may be missing, as rows of NaN: they get their artist's mean.

        The mean counts one song of the catalogue's mean with the artist's own.
        """
        heard = has_audio(audio)
        filled = np.where(heard[:, None], audio, 0).astype(np.float32)
        mean = filled.sum(axis=0) / max(int(heard.sum()), 1)
        known = np.flatnonzero(heard & (artists >= 0))
        size = int(artists.max(initial=-1)) + 2
        sums = np.tile(mean, (size, 1))
        np.add.at(sums, artists[known], filled[known])
        counts = 1 + np.bincount(artists[known], minlength=size)
        filled[~heard] = (sums / counts[:, None])[artists[~heard]]
        return cls(artists, filled)

    @property
    def n_artists(self) -> int:
        """How many artists there are, and one more that stands for all unknown ones."""
        return int(self.artists.max(initial=-1)) + 2


def has_audio(audio: Float32Array) -> BoolArray:
    """Which rows of (n, d) are audio and not missing, (n,)."""
    return np.asarray(np.isfinite(audio).all(axis=1) & (audio.shape[1] > 0))


def regressors_of(audio: Float32Array) -> Float64Array:
    """1, x, and all products of two of x; (n, d) becomes (n, 1 + d + d(d + 1)/2) float64."""
    values = audio.astype(np.float64)
    count = values.shape[1]
    found = np.ones((len(values), 1 + count + count * (count + 1) // 2))
    found[:, 1 : 1 + count] = values
    start = 1 + count
    for column in range(count):
        part = slice(start, start := start + count - column)
        # Doubled, the products of unit vectors vary about as much as their coordinates.
        np.multiply(2 * values[:, column, None], values[:, column:], out=found[:, part])
    return found


@dataclass(frozen=True)
class ArtistRidge:
    """ŷ_i = Wᵀ x_i + a_artist(i), with x_i the `regressors_of` song i.

    W and a have the lowest::

        Σ_i w_i |y_i - Wᵀ x_i - a_artist(i)|² + α Σ|a|² + λ|W|²

    but for the constant in W, which is not held down: a mixed model, with artists as random
    effects (Henderson 1975, "Best linear unbiased estimation and prediction under a selection
    model"). For a given W an artist's a is the sum of their weighted residuals over α plus their
    weights; with that put in, the system for W has as many rows as there are regressors.

    Attributes
    ----------
    coefficients
        (f, c) float64, W.
    residuals, weights
        (artists + 1, c), (artists + 1,) float64: of each artist the sums of w (y - Wᵀx) and w.
        The last are of the songs whose artist is unknown.
    shrinkage
        α.
    """

    coefficients: Float64Array
    residuals: Float64Array
    weights: Float64Array
    shrinkage: float

    @classmethod
    def fit(
        cls,
        songs: Songs,
        rows: Float32Array,
        weights: Float64Array,
        *,
        shrinkage: float,
        regularisation: float,
    ) -> "ArtistRidge":
        """Solve it.

        Parameters
        ----------
        songs, rows
            n songs and their (n, c) rows y.
        weights
            (n,) w, at least 0; a song of weight 0 has no part in it.
        shrinkage, regularisation
            α and λ, above 0.
        """
        features, targets, gram, moment = _sums(songs, rows, weights)
        total = features[:, 0]
        share = 1 / (total + shrinkage)
        share[-1] = 0
        gram -= (features * share[:, None]).T @ features
        moment -= (features * share[:, None]).T @ targets
        ridge = np.full(len(gram), regularisation)
        ridge[0] = 1e-9
        coefficients = np.asarray(np.linalg.solve(gram + np.diag(ridge), moment), np.float64)
        return cls(coefficients, targets - features @ coefficients, total.copy(), shrinkage)

    def predict(self, songs: Songs, rows: Float32Array, weights: Float64Array) -> Float32Array:
        """ŷ as (n, c) float32 of the songs that it was fitted on, with the same weights.

        A song is left out of its own artist's offset: to blend a row with a prediction that
        already holds the row would count it twice.
        """
        predicted = np.empty(rows.shape, np.float32)

        def predict(part: slice) -> None:
            base = regressors_of(songs.audio[part]) @ self.coefficients
            own, artists = weights[part, None], songs.artists[part]
            # Rounding may leave a trifle below 0 of what was added and is taken off.
            others = np.maximum(self.weights[artists, None] - own, 0) + self.shrinkage
            offsets = (self.residuals[artists] - own * (rows[part] - base)) / others
            predicted[part] = base + np.where((artists >= 0)[:, None], offsets, 0)

        for _ in side_by_side(predict, _chunks(len(rows))):
            pass
        return predicted


def _sums(
    songs: Songs, rows: Float32Array, weights: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array, Float64Array]:
    """Σ w x and Σ w y of each artist, Σ w x xᵀ, and Σ w x yᵀ."""
    width = regressors_of(songs.audio[:0]).shape[1]
    features = np.zeros((songs.n_artists, width))
    targets = np.zeros((songs.n_artists, rows.shape[1]))
    gram, moment = np.zeros((width, width)), np.zeros((width, rows.shape[1]))
    # Artist by artist, so that sums are of neighbouring rows: added one by one they take longest.
    order = np.argsort(songs.artists, kind="stable")
    order = order[weights[order] > 0]

    def add_up(chunk: slice) -> tuple[IntArray, tuple[Float64Array, ...]]:
        part = order[chunk]
        artists, regressors, own = songs.artists[part], regressors_of(songs.audio[part]), rows[part]
        weighted = regressors * weights[part, None]
        starts = np.flatnonzero(np.diff(artists, prepend=artists[0] - 1))
        return artists[starts], (
            np.add.reduceat(weighted, starts),
            np.add.reduceat(own * weights[part, None], starts),
            weighted.T @ regressors,
            weighted.T @ own,
        )

    for artists, (of_features, of_targets, of_gram, of_moment) in side_by_side(
        add_up, _chunks(len(order))
    ):
        features[artists] += of_features
        targets[artists] += of_targets
        gram += of_gram
        moment += of_moment
    return features, targets, gram, moment


def _chunks(rows: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS_AT_ONCE) for start in range(0, rows, _ROWS_AT_ONCE))
