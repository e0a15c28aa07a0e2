"""Ours, as benchmarks/svd.py and benchmarks/svd_growth.py run it: the place that knows our API."""

from dataclasses import replace
from typing import Any

from svd_task import LEARNING_RATE, RANKING_FACTORS, REGULARISATION, Clock, Data, Run

from recsys_dagster.models.svd import descent
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.training import Config, train_pairs

WARM_UP = 1000
RANKING_EPOCHS = 3


def squared_config(data: Data) -> SquaredConfig:
    """The settings that all peers share."""
    return SquaredConfig(
        factors=data.factors,
        epochs=data.epochs,
        learning_rate=LEARNING_RATE,
        regularisation=REGULARISATION,
        threads=data.threads,
    )


def ranking_config(data: Data) -> RankingConfig:
    """64 factors and 64 negatives a pair."""
    return RankingConfig(factors=RANKING_FACTORS, epochs=RANKING_EPOCHS, threads=data.threads)


def train(data: Data, config: Config, kernel: Clock, pairs: Pairs | None = None) -> Any:
    """Train from arrays to a model, whose `predict(users, items)` is in log(1 + plays).

    `pairs` are taken instead of the arrays, and changed.
    """
    kind = descent.RankingDescent if isinstance(config, RankingConfig) else descent.SquaredDescent
    usual = kind.epoch
    kind.epoch = kernel.timed(usual)  # type: ignore[method-assign]
    try:
        mine = pairs or Pairs.of(*data.train, data.users, data.items)
        return train_pairs(mine, n_users=data.users, n_items=data.items, config=config).model
    finally:
        kind.epoch = usual  # type: ignore[method-assign]


def warm_up(data: Data, config: Config) -> None:
    """Compile, or load what was compiled, on a thousand pairs with tables as small."""
    users, items, plays = (column[:WARM_UP] for column in data.train)
    few = (users % WARM_UP, items % WARM_UP, plays)
    small = replace(data, train=few, users=WARM_UP, items=WARM_UP)
    train(small, replace(config, epochs=1), Clock())


def ours(data: Data) -> Run:
    """Our `squared` objective: checks, layout, training, and the model made."""
    config = squared_config(data)
    warm_up(data, config)
    kernel, whole = Clock(), Clock()
    model = whole.timed(train)(data, config, kernel)
    updates = len(data.train[0]) * data.epochs
    return Run(updates, kernel.seconds, whole.seconds, data.rmse(model.predict))


def ours_ranking(data: Data) -> Run:
    """Our `ranking` objective, in pairs x negatives."""
    config = ranking_config(data)
    warm_up(data, config)
    kernel, whole = Clock(), Clock()
    whole.timed(train)(data, config, kernel)
    updates = len(data.train[0]) * config.epochs * config.negatives
    return Run(updates, kernel.seconds, whole.seconds)
