"""Cold songs: factors of songs with few or no listeners, predicted from audio and artist."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import BoolArray, Float32Array, Float64Array, IntArray
from recsys_dagster.models.cold_ridge import ArtistRidge, Songs, has_audio
from recsys_dagster.models.svd.model import SvdModel

HELD_OUT = 0.2
"""Share of the played songs on which the prediction is judged."""
NOWHERE = np.float32(1e-6)
"""A predicted row that is shorter is 0 but for rounding."""


@dataclass(frozen=True)
class ColdConfig:
    """How factors are predicted and blended; the defaults were chosen on validation listeners.

    Parameters
    ----------
    listeners
        κ: so many listeners of a song weigh as much as the prediction; above 0.
    noise
        h: a song with n listeners counts n / (n + h) in the regression; above 0.
    artist_shrinkage
        α: an artist's mean is held down like by so many unremarkable songs; above 0.
    regularisation
        λ of the audio's coefficients; above 0.
    length_exponent
        e, from 0 to 1. Predicted rows of the objective `ranking`, whose learned rows have length
        1, are shorter the less is known. A length l < 1 becomes l^e: with 1 it stays, and cold
        songs are hardly ever among the first 20; with 0 it is 1, and they crowd out others.
    stretch
        Predicted rows of the objective `implicit` are made longer by this factor; above 0. What
        alternating least squares learns of a song is the shorter the fewer play it, and what is
        predicted from it is shorter still.

    Raises
    ------
    RecsysError
        When a setting lies outside its range.
    """

    listeners: float = 1.0
    noise: float = 10.0
    artist_shrinkage: float = 1.0
    regularisation: float = 10.0
    length_exponent: float = 0.1
    stretch: float = 1.4

    def __post_init__(self) -> None:
        for name in (one.name for one in fields(self) if one.name != "length_exponent"):
            if not 0 < getattr(self, name) < float("inf"):
                raise RecsysError(f"{name} must be a number above 0; got {getattr(self, name)}.")
        if not 0 <= self.length_exponent <= 1:
            raise RecsysError(
                f"length_exponent must be a number from 0 to 1; got {self.length_exponent}."
            )


@dataclass(frozen=True)
class Warmed:
    """A model whose rarely played songs are blended with predictions.

    Attributes
    ----------
    model
        The factorisation; only `item_factors` and `item_bias` differ from the one given.
    unknown
        (n_items,) whether a song has no listeners, no audio, and no artist of whom another song
        has listeners. Their factors stay 0; they are not to be recommended.
    cold
        How many songs without listeners got a prediction.
    ridge
        What was learned.
    judge
        Computes `explained`.
    """

    model: SvdModel
    unknown: BoolArray
    cold: int
    ridge: ArtistRidge
    judge: Callable[[], float] = field(repr=False)

    @cached_property
    def explained(self) -> float:
        """R² of the predicted rows on held-out songs.

        The share of the squared distance from the mean row that they explain, the songs weighted
        as in the regression. It may be below 0; NaN where nothing could be held out. The
        regression is done again for it, when it is first asked for.
        """
        return self.judge()


def warm_up(
    model: SvdModel,
    listeners: NDArray[np.integer[Any]],
    artists: NDArray[np.integer[Any]],
    audio: Float32Array,
    *,
    config: ColdConfig | None = None,
    rng: np.random.Generator | int = 0,
) -> Warmed:
    """Blend what was learned of each song with what its artist and audio let expect.

    With y_i = (q_i, b_i) of a song with n_i listeners and ŷ_i its prediction (`ArtistRidge`)::

        y_i ← (n_i y_i + κ ŷ_i) / (n_i + κ)

    Folding in stays as it was trained; its seeds' rows are the blended ones. Meant for audio of
    up to about 40 features: all products of two of them are regressors. 28,000 songs with 64
    factors and 14 features take about 2 s.

    Parameters
    ----------
    model
        As trained; n_items songs without training pairs have factors 0.
    listeners
        (n_items,) how many training listeners each song has.
    artists
        (n_items,) the artist of each song, any whole numbers from 0 up; -1 for unknown.
    audio
        (n_items, d) unit vectors, rows of NaN where there is none.
    config
        Settings; by default `ColdConfig()`.
    rng
        Seed or generator: which songs are held out for `explained`, and nothing else.

    Raises
    ------
    RecsysError
        When the arrays do not have a row for each song, or a number is out of range.
    """
    config = config or ColdConfig()
    counts = _checked(model, listeners, artists, audio)
    dense = np.unique(np.append(artists, -1), return_inverse=True)[1][:-1].astype(np.int64) - 1
    songs = Songs.of(dense, audio)
    rows = np.column_stack([model.item_factors, model.item_bias])
    weights = counts / (counts + config.noise)
    ridge = _fit(songs, rows, weights, config)
    predicted = ridge.predict(songs, rows, weights)
    if model.folding.objective == "ranking":
        predicted = _lengthened(predicted, config.length_exponent)
    elif model.folding.objective == "implicit":
        predicted *= np.float32(config.stretch)
    blended = _blended(rows, predicted, counts, config.listeners)
    unknown = _unknown(counts, dense, audio)
    blended[unknown] = rows[unknown]
    cold = int(((counts == 0) & ~unknown).sum())
    warm = replace(model, item_factors=blended[:, :-1].copy(), item_bias=blended[:, -1].copy())
    judge = partial(_explained, songs, rows, weights, config, np.random.default_rng(rng))
    return Warmed(warm, unknown, cold, ridge, judge)


def _fit(
    songs: Songs, rows: Float32Array, weights: Float64Array, config: ColdConfig
) -> ArtistRidge:
    return ArtistRidge.fit(
        songs,
        rows,
        weights,
        shrinkage=config.artist_shrinkage,
        regularisation=config.regularisation,
    )


def _blended(
    rows: Float32Array, predicted: Float32Array, counts: Float64Array, kappa: float
) -> Float32Array:
    """(n y + κ ŷ) / (n + κ)."""
    share = (kappa / (counts + kappa)).astype(np.float32)[:, None]
    return np.asarray((1 - share) * rows + share * predicted)


def _lengthened(rows: Float32Array, exponent: float) -> Float32Array:
    """Rows of length l brought to l^exponent, at most 1; those that are nearly 0 stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    wanted = np.minimum(lengths, 1) ** np.float32(exponent)
    return np.asarray(rows * np.where(lengths > NOWHERE, wanted / np.maximum(lengths, NOWHERE), 1))


def _unknown(counts: Float64Array, artists: IntArray, audio: Float32Array) -> BoolArray:
    """See `Warmed.unknown`; a song without listeners is no help to its artist's others."""
    played = np.bincount(artists[counts > 0] + 1, minlength=int(artists.max(initial=-1)) + 2) > 0
    played[0] = False
    return np.asarray((counts == 0) & ~has_audio(audio) & ~played[artists + 1])


def _explained(
    songs: Songs,
    rows: Float32Array,
    weights: Float64Array,
    config: ColdConfig,
    rng: np.random.Generator,
) -> float:
    """See `Warmed.explained`."""
    held = rng.random(len(rows)) < HELD_OUT
    learn, judge = np.where(held, 0, weights), np.where(held, weights, 0)
    if not learn.any() or not judge.any():
        return float("nan")
    predicted = _fit(songs, rows, learn, config).predict(songs, rows, learn)
    left = judge @ ((rows - predicted) ** 2).sum(axis=1)
    whole = judge @ ((rows - learn @ rows / learn.sum()) ** 2).sum(axis=1)
    return float(1 - left / whole) if whole > 0 else float("nan")


def _checked(
    model: SvdModel,
    listeners: NDArray[np.integer[Any]],
    artists: NDArray[np.integer[Any]],
    audio: Float32Array,
) -> Float64Array:
    """The listeners as numbers to count with."""
    n = len(model.item_bias)
    if not len(listeners) == len(artists) == len(audio) == n or audio.ndim != 2:
        raise RecsysError(
            f"got {len(listeners)} listener counts, {len(artists)} artists and audio of shape "
            f"{audio.shape} for a model of {n} songs; expected one row for each song."
        )
    for name, values, lowest in (("listeners", listeners, 0), ("artists", artists, -1)):
        if n and values.min() < lowest:
            raise RecsysError(f"{name} must be at least {lowest}; got {values.min()}.")
    return listeners.astype(np.float64)
