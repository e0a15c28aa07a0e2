"""What each genre sounds like, on Spotify's scales."""

from dataclasses import dataclass

import numpy as np

from recsys_dagster.demo.draw import Floats


@dataclass(frozen=True)
class Feature:
    """One measured audio feature: its bounds, its digits and how intensity moves it.

    `intensity` is the correlation with the one hidden factor that makes a song loud, energetic
    and electric all at once.
    """

    name: str
    low: float
    high: float
    digits: int
    intensity: float


FEATURES = (
    Feature("danceability", 0.0, 1.0, 3, 0.2),
    Feature("energy", 0.0, 1.0, 3, 0.8),
    Feature("loudness", -60.0, 0.0, 3, 0.7),
    Feature("speechiness", 0.0, 1.0, 4, 0.1),
    Feature("acousticness", 0.0, 1.0, 4, -0.7),
    Feature("instrumentalness", 0.0, 1.0, 5, -0.1),
    Feature("liveness", 0.0, 1.0, 4, 0.2),
    Feature("valence", 0.0, 1.0, 3, 0.2),
    Feature("tempo", 60.0, 200.0, 3, 0.3),
    Feature("duration_ms", 45_000.0, 900_000.0, 0, 0.0),
)

SPREAD = (0.11, 0.14, 3.0, 0.04, 0.16, 0.14, 0.10, 0.17, 17.0, 45_000.0)
"""Spread of a song within an even-tempered genre, in the order of `FEATURES`."""


@dataclass(frozen=True)
class Genre:
    """A genre: how common it is, its mean for each of `FEATURES`, and how varied it is."""

    name: str
    share: float
    mean: tuple[float, ...]
    variety: float = 1.0
    major: float = 0.6
    waltz: float = 0.05


GENRES = (
    # share, then danceability, energy, loudness, speechiness, acousticness, instrumentalness,
    # liveness, valence, tempo and duration; then variety, major and waltz
    Genre("ambient", 0.07, (0.30, 0.20, -19, 0.04, 0.75, 0.80, 0.11, 0.18, 95, 330e3), 1.0, 0.6),
    Genre("folk", 0.12, (0.48, 0.35, -11.5, 0.04, 0.72, 0.08, 0.15, 0.42, 112, 230e3), 1, 0.8, 0.2),
    Genre("metal", 0.10, (0.38, 0.90, -5, 0.09, 0.03, 0.25, 0.22, 0.30, 138, 290e3), 0.9, 0.5),
    Genre("electro", 0.13, (0.72, 0.78, -6.5, 0.06, 0.08, 0.50, 0.16, 0.48, 125, 270e3), 1.0, 0.5),
    Genre("hip hop", 0.12, (0.76, 0.64, -7, 0.24, 0.18, 0.03, 0.19, 0.50, 105, 210e3), 1.0, 0.5),
    Genre("pop", 0.17, (0.66, 0.68, -6, 0.06, 0.20, 0.02, 0.16, 0.58, 118, 205e3), 1.0, 0.7),
    Genre("indie", 0.14, (0.52, 0.70, -7, 0.05, 0.14, 0.12, 0.19, 0.48, 126, 235e3), 1.1, 0.7),
    Genre("jazz", 0.08, (0.50, 0.36, -13.5, 0.05, 0.72, 0.50, 0.16, 0.46, 110, 3e5), 1.3, 0.5, 0.2),
    Genre("soul", 0.07, (0.64, 0.52, -9, 0.06, 0.38, 0.04, 0.15, 0.66, 104, 225e3), 1.0, 0.6),
)  # fmt: skip


def genre_means() -> Floats:
    """Return the mean of each genre, shape (genres, features), in the features' own units."""
    return np.array([genre.mean for genre in GENRES])


def genre_spreads() -> Floats:
    """Return the spread of each genre, shape (genres, features), in the features' own units."""
    return np.outer([genre.variety for genre in GENRES], SPREAD)
