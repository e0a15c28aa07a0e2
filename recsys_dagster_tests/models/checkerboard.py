"""A play-count matrix whose right answer is known, and matching audio features."""

import numpy as np

from recsys_dagster.models.arrays import Float64Array, IntArray
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.training import Config, Training, refit, train

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
CONFIG = SquaredConfig(
    factors=4, epochs=60, learning_rate=0.05, regularisation=0.01, init_scale=0.1
)


RANKING = RankingConfig(factors=4, epochs=30, learning_rate=0.1, negatives=8)


def plays() -> tuple[IntArray, IntArray, IntArray]:
    """User u plays item i 100 times where u + i is even, else once; (u, u) is withheld."""
    users, items = np.divmod(np.arange(SIZE * SIZE), SIZE)
    kept = users != items
    users, items = users[kept], items[kept]
    return users, items, np.where((users + items) % 2 == 0, 100, 1)


def pairs_for(config: Config) -> tuple[IntArray, IntArray, IntArray]:
    """To the ranking loss every pair is one that was played, so it gets those with 100 plays."""
    users, items, counts = plays()
    kept = counts > (1 if isinstance(config, RankingConfig) else 0)
    return users[kept], items[kept], counts[kept]


def trained(config: Config = CONFIG) -> Training:
    users, items, counts = pairs_for(config)
    return refit(
        users, items, counts, n_users=SIZE, n_items=SIZE, epochs=config.epochs, config=config
    )


def validated(config: Config = CONFIG) -> Training:
    users, items, counts = pairs_for(config)
    positions = np.random.default_rng(1).permutation(len(users))
    border = len(users) // 5
    return train(
        users,
        items,
        counts,
        n_users=SIZE,
        n_items=SIZE,
        train=positions[border:],
        valid=positions[:border],
        config=config,
    )


def features(rng: np.random.Generator) -> Float64Array:
    """Even items are slow and quiet, odd ones fast and loud, give or take."""
    group = (np.arange(SIZE) % 2)[:, None]
    low = np.array([0.2, 90, 0.3, 0.3, 0.8, 0.5, 0.1, 0.05, -18, 1, 2, 300_000, 3])
    high = np.array([0.9, 170, 0.7, 0.8, 0.1, 0.0, 0.3, 0.2, -4, 0, 8, 150_000, 4])
    values: Float64Array = low + group * (high - low)
    return values * rng.uniform(0.98, 1.02, size=values.shape)
