"""Ours, as benchmarks/svd.py and benchmarks/svd_growth.py run it: the place that knows our API."""

from dataclasses import replace
from typing import Any

from svd_task import LEARNING_RATE, REGULARISATION, AbsentError, Clock, Data, Run

WARM_UP = 1000


def train_squared(data: Data, kernel: Clock) -> Any:
    """Train on squared errors; the model has `predict(users, items)`, in log(1 + plays)."""
    from recsys_dagster.models.svd import descent, training
    from recsys_dagster.models.svd.config import SvdConfig

    descent.Descent.epoch = kernel.timed(descent.Descent.epoch)  # type: ignore[method-assign]
    config = SvdConfig(
        factors=data.factors, learning_rate=LEARNING_RATE, regularisation=REGULARISATION
    )
    trained = training.refit(
        *data.train, n_users=data.users, n_items=data.items, epochs=data.epochs, config=config
    )
    return trained.model


def train_ranking(data: Data, kernel: Clock) -> int:
    """Train to rank with 64 factors and 64 negatives a pair; the number of pairs x negatives."""
    del data, kernel
    raise AbsentError("the package has no ranking objective yet")


def warm_up(data: Data) -> None:
    """Compile, or load what was compiled, on a thousand pairs with tables as small."""
    users, items, plays = (column[:WARM_UP] for column in data.train)
    few = (users % WARM_UP, items % WARM_UP, plays)
    train_squared(replace(data, train=few, users=WARM_UP, items=WARM_UP, epochs=1), Clock())


def ours(data: Data) -> Run:
    """Our `squared` objective: checks, layout, training, and the model made."""
    warm_up(data)
    kernel, whole = Clock(), Clock()
    model = whole.timed(train_squared)(data, kernel)
    updates = len(data.train[0]) * data.epochs
    return Run(updates, kernel.seconds, whole.seconds, data.rmse(model.predict))


def ours_ranking(data: Data) -> Run:
    """Our `ranking` objective."""
    kernel, whole = Clock(), Clock()
    updates = whole.timed(train_ranking)(data, kernel)
    return Run(updates, kernel.seconds, whole.seconds)
