"""Training of the factorisation by stochastic gradient descent."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import IntArray
from recsys_dagster.models.svd.config import SvdConfig
from recsys_dagster.models.svd.descent import Descent, Pairs
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.progress import SILENT, Progress

DIVERGED = 10.0


@dataclass(frozen=True)
class EpochLoss:
    """Mean squared errors after an epoch.

    Attributes
    ----------
    epoch
        From 1; 0 is the state before training.
    train_mse, valid_mse
        In squared log(1 + plays); `valid_mse` is NaN when there are no pairs to validate on.
    """

    epoch: int
    train_mse: float
    valid_mse: float


@dataclass(frozen=True)
class Training:
    """A trained model, its curve from epoch 0 on, and the epoch that the model is from."""

    model: SvdModel
    curve: tuple[EpochLoss, ...]
    best_epoch: int


def train(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    plays: NDArray[Any],
    *,
    n_users: int,
    n_items: int,
    train: IntArray,
    valid: IntArray,
    config: SvdConfig,
    progress: Progress = SILENT,
) -> Training:
    """Train on some pairs and keep the epoch with the lowest error on others.

    Parameters
    ----------
    users, items, plays
        (n,) user, item and play count of every pair; a pair should occur once.
    n_users, n_items
        Size of the matrix.
    train, valid
        Positions of the pairs to train and to validate on. With no `valid`, all epochs are run
        and the last is kept.
    config
        See `SvdConfig`.
    progress
        Is told each epoch and its errors.

    Raises
    ------
    RecsysError
        When there is nothing to train on, an index or a play count is out of range, or the
        training diverges.
    """
    pairs = Pairs.of(users, items, plays, n_users, n_items)
    if len(train) == 0:
        raise RecsysError(
            f"there is nothing to train on: got 0 training pairs of {len(pairs)}; expected at "
            "least 1. Add listening history, or raise the share of train."
        )
    descent = Descent(pairs.at(train), n_users, n_items, config)
    validation = replace(pairs.at(valid), ratings=pairs.ratings[valid] - np.float32(descent.mean))
    curve = [EpochLoss(0, descent.train_mse(), descent.mse(validation))]
    best = 0
    with progress.task("Training the factorisation", config.epochs) as task:
        for epoch in range(1, config.epochs + 1):
            descent.epoch()
            loss = EpochLoss(epoch, descent.train_mse(), descent.mse(validation))
            _refuse_divergence(loss, curve[0], config)
            curve.append(loss)
            task.advance(note=f"train {loss.train_mse:.4f}, valid {loss.valid_mse:.4f}")
            # NaN, when nothing validates, is never above: then every epoch is the best so far.
            if best == 0 or not loss.valid_mse >= curve[best].valid_mse:
                best = epoch
                if len(validation):
                    descent.keep()
            elif epoch - best >= config.patience:
                break
    return Training(descent.model(), tuple(curve), best)


def refit(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    plays: NDArray[Any],
    *,
    n_users: int,
    n_items: int,
    epochs: int,
    config: SvdConfig,
    progress: Progress = SILENT,
) -> Training:
    """Train on all pairs for a number of epochs that `train` found; see there."""
    return train(
        users,
        items,
        plays,
        n_users=n_users,
        n_items=n_items,
        train=np.arange(len(users), dtype=np.int64),
        valid=np.zeros(0, dtype=np.int64),
        config=replace(config, epochs=epochs),
        progress=progress,
    )


def _refuse_divergence(loss: EpochLoss, start: EpochLoss, config: SvdConfig) -> None:
    # Ratings that are all alike start at nearly 0, hence the 1.
    limit = DIVERGED * (start.train_mse + 1)
    if not loss.train_mse <= limit or np.isinf(loss.valid_mse):
        raise RecsysError(
            f"training diverged in epoch {loss.epoch}: the mean squared error is "
            f"{loss.train_mse:.3g}, and was {start.train_mse:.3g} before training. Lower "
            f"learning_rate (now {config.learning_rate:g}), for example to "
            f"{config.learning_rate / 10:g}."
        )
