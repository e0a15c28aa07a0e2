"""Songs drawn from two known directions: energy with loudness, happiness with dancing."""

import numpy as np

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.models.arrays import Float64Array


def sounds(songs: int, missing: float = 0.0, seed: int = 0) -> Float64Array:
    """Raw features, (songs, 13), a share of them NaN."""
    rng = np.random.default_rng(seed)
    power, joy = rng.uniform(size=(2, songs))

    def near(share: Float64Array) -> Float64Array:
        return np.clip(share + rng.normal(0, 0.05, songs), 0, 1)

    drawn = {
        "energy": near(power),
        "tempo": rng.uniform(60, 180, songs),
        "valence": near(joy),
        "danceability": near(joy),
        "acousticness": near(1 - power),
        "loudness": 20 * near(power) - 20,
        "mode": rng.integers(0, 2, songs),
        "key": rng.integers(0, 12, songs),
        "duration_ms": rng.uniform(100_000, 400_000, songs),
        "time_signature": rng.integers(3, 6, songs),
    }
    features = np.stack([drawn.get(name, rng.uniform(size=songs)) for name in FEATURES], axis=1)
    features[rng.uniform(size=features.shape) < missing] = np.nan
    return features.astype(np.float64)


def noise(songs: int) -> Float64Array:
    """Nothing compresses worse."""
    drawn = np.random.default_rng(3).uniform(size=(songs, len(FEATURES)))
    drawn[:, FEATURES.index("tempo")] += 60
    return drawn
