"""How every made-up song sounds."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_dagster.demo.draw import Floats, Ints, Singles
from recsys_dagster.demo.genres import FEATURES, GENRES, genre_means, genre_spreads

ARTIST_SHARE = 0.45
"""Share of the variance within a genre that lies between its artists."""

COLUMNS = (
    "danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness",
    "instrumentalness", "liveness", "valence", "tempo", "duration_ms", "time_signature",
)  # fmt: skip


@dataclass(frozen=True)
class Sound:
    """The sound of all songs.

    Attributes
    ----------
    features
        One row per song and the columns `COLUMNS`, on Spotify's scales.
    standard
        Shape (songs, len(FEATURES)): the continuous features with mean 0 and variance 1.
    """

    features: pl.DataFrame
    standard: Singles


def make_sound(artist_genre: Ints, song_artist: Ints, rng: np.random.Generator) -> Sound:
    """Give every song a sound: its genre's mean, its artist's turn on it and its own.

    Parameters
    ----------
    artist_genre
        Shape (artists,): index into `GENRES`.
    song_artist
        Shape (songs,): the artist of each song.
    rng
        Source of chance.
    """
    genre = artist_genre[song_artist]
    offset = np.sqrt(ARTIST_SHARE) * _offsets(len(artist_genre), rng)[song_artist]
    offset += np.sqrt(1 - ARTIST_SHARE) * _offsets(len(genre), rng)
    value = genre_means()[genre] + genre_spreads()[genre] * offset
    value = np.clip(value, [f.low for f in FEATURES], [f.high for f in FEATURES])
    columns = {f.name: value[:, i].round(f.digits) for i, f in enumerate(FEATURES)}
    features = pl.DataFrame(columns).with_columns(
        pl.col("duration_ms").cast(pl.Int64), *_musical_columns(genre, rng)
    )
    return Sound(features.select(COLUMNS), _standardised(value))


def _offsets(rows: int, rng: np.random.Generator) -> Floats:
    """Standard normal offsets that share one factor, how intense the music is."""
    loading = np.array([feature.intensity for feature in FEATURES])
    intensity = rng.standard_normal((rows, 1))
    own = rng.standard_normal((rows, len(FEATURES)))
    offsets: Floats = loading * intensity + np.sqrt(1 - loading**2) * own
    return offsets


def _musical_columns(genre: Ints, rng: np.random.Generator) -> list[pl.Series]:
    major = np.array([g.major for g in GENRES])[genre]
    waltz = np.array([g.waltz for g in GENRES])[genre]
    metre, odd = rng.random(len(genre)), rng.random(len(genre)) < 0.02
    return [
        pl.Series("key", rng.integers(0, 12, len(genre))),
        pl.Series("mode", (rng.random(len(genre)) < major).astype(np.int64)),
        pl.Series("time_signature", np.where(odd, 5, np.where(metre < waltz, 3, 4))),
    ]


def _standardised(value: Floats) -> Singles:
    spread = value.std(axis=0)
    centred = value - value.mean(axis=0)
    standard: Singles = (centred / np.where(spread > 0, spread, 1)).astype(np.float32)
    return standard
