"""A play-count matrix whose right answer is known, and matching audio features."""

import numpy as np

from recsys_dagster.models.arrays import Float64Array, IntArray
from recsys_dagster.models.svd.config import SvdConfig
from recsys_dagster.models.svd.training import Training, refit, train

SIZE = 40
COLUMNS = [
    "energy",
    "tempo",
    "valence",
    "danceability",
    "acousticness",
    "instrumentalness",
    "liveness",
    "speechiness",
    "loudness",
    "mode",
    "key",
    "duration_ms",
    "time_signature",
]
CONFIG = SvdConfig(factors=4, epochs=60, learning_rate=0.05, regularisation=0.01, init_scale=0.1)


def plays() -> tuple[IntArray, IntArray, IntArray]:
    """User u plays item i 100 times where u + i is even, else once; (u, u) is withheld."""
    users, items = np.divmod(np.arange(SIZE * SIZE), SIZE)
    kept = users != items
    users, items = users[kept], items[kept]
    return users, items, np.where((users + items) % 2 == 0, 100, 1)


def trained(config: SvdConfig = CONFIG) -> Training:
    users, items, counts = plays()
    return refit(
        users, items, counts, n_users=SIZE, n_items=SIZE, epochs=config.epochs, config=config
    )


def validated(config: SvdConfig = CONFIG) -> Training:
    users, items, counts = plays()
    positions = np.random.default_rng(1).permutation(len(users))
    return train(
        users,
        items,
        counts,
        n_users=SIZE,
        n_items=SIZE,
        train=positions[300:],
        valid=positions[:300],
        config=config,
    )


def features(rng: np.random.Generator) -> Float64Array:
    """Even items are slow and quiet, odd ones fast and loud, give or take."""
    group = (np.arange(SIZE) % 2)[:, None]
    low = np.array([0.2, 90, 0.3, 0.3, 0.8, 0.5, 0.1, 0.05, -18, 1, 2, 300_000, 3])
    high = np.array([0.9, 170, 0.7, 0.8, 0.1, 0.0, 0.3, 0.2, -4, 0, 8, 150_000, 4])
    values: Float64Array = low + group * (high - low)
    return values * rng.uniform(0.98, 1.02, size=values.shape)
