"""Training of the factorisation by stochastic gradient descent."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import IntArray
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.descent import Descent, RankingDescent, SquaredDescent
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.rows import Rows
from recsys_dagster.models.svd.schedule import Crew
from recsys_dagster.progress import SILENT, Progress, Task

DIVERGED = 10.0
Config = SquaredConfig | RankingConfig


@dataclass(frozen=True)
class EpochFigures:
    """What an epoch brought.

    Attributes
    ----------
    epoch
        From 1; 0 is the state before training.
    train_loss
        Mean loss of the training pairs, each taken just before its update: the squared error of
        log(1 + plays), or the cross entropy in nats. NaN where it is not known, before the first
        epoch on the ranking loss.
    valid
        MSE or NDCG@20 on the validation pairs; NaN when there are none.
    """

    epoch: int
    train_loss: float
    valid: float


@dataclass(frozen=True)
class Training:
    """A trained model, its curve from epoch 0 on, and the epoch that the model is from.

    `measure` says what the curve's `valid` is: `mse` or `ndcg@20`.
    """

    model: SvdModel
    curve: tuple[EpochFigures, ...]
    best_epoch: int
    measure: str


class TrainingDivergedError(RecsysError):
    """Training diverged.

    Attributes
    ----------
    last_good
        The training up to the best epoch before, or `None` when the first one diverged.
    """

    def __init__(self, message: str, last_good: Training | None) -> None:
        super().__init__(message)
        self.last_good = last_good


def train(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    plays: NDArray[Any],
    *,
    n_users: int,
    n_items: int,
    train: IntArray,
    valid: IntArray,
    config: Config,
    start: SvdModel | None = None,
    stop_after: int | None = None,
    progress: Progress = SILENT,
) -> Training:
    """Train on some pairs and keep the epoch that is best on others; see `train_pairs`.

    Parameters
    ----------
    users, items, plays
        (n,) user, item and play count of every pair; a pair should occur once.
    n_users, n_items
        Size of the matrix.
    train, valid
        Positions of the pairs to train and to validate on. With no `valid`, all epochs are run
        and the last is kept.
    config, start, stop_after, progress
        See `train_pairs`.

    Raises
    ------
    RecsysError
        When there is nothing to train on, an index or a play count is out of range, `start` does
        not fit, or the training diverges.
    """
    pairs = Pairs.of(users, items, plays, n_users, n_items)
    return train_pairs(
        pairs.at(train),
        pairs.at(valid),
        n_users=n_users,
        n_items=n_items,
        config=config,
        start=start,
        stop_after=stop_after,
        progress=progress,
    )


def train_pairs(
    pairs: Pairs,
    valid: Pairs | None = None,
    *,
    n_users: int,
    n_items: int,
    config: Config,
    start: SvdModel | None = None,
    stop_after: int | None = None,
    progress: Progress = SILENT,
) -> Training:
    """Train on pairs that are ready in memory, which training takes over and changes.

    It needs the pairs, the rows that are learned and one copy of them, and little else.

    Parameters
    ----------
    pairs
        To train on.
    valid
        To validate on; without any, all epochs are run and the last is kept.
    n_users, n_items
        Size of the matrix. Indices are not checked here.
    config
        Settings; its class decides the objective.
    start
        A model to start from: its users and items are the first of these, in the same order. A
        third of the usual learning rate and a few epochs then do; a high rate would first undo
        what was learned.
    stop_after
        Stop after so many of the epochs of `config`, whose learning rates do not change.
    progress
        Is told each epoch and its figures.

    Raises
    ------
    RecsysError
        When there is nothing to train on or `start` does not fit.
    TrainingDivergedError
        When the loss is not a number any more or is far above the one at the start; it holds the
        best epoch before that.
    """
    if not len(pairs):
        raise RecsysError(
            "there is nothing to train on: got 0 training pairs; expected at least 1. "
            "Add listening history, or raise the share of train."
        )
    if start is not None:
        _check_start(start, n_users, n_items, config)
    with Crew.of(config.threads) as crew:
        descent = _descent(
            pairs, valid or pairs.at(slice(0)), (n_users, n_items), config, crew, start
        )
        last = min(stop_after or config.epochs, config.epochs)
        with progress.task("Training the factorisation", last) as task:
            return _Run(descent, config).train(last, task)


def _descent(
    pairs: Pairs, valid: Pairs, size: tuple[int, int], config: Config, crew: Crew,
    start: SvdModel | None,
) -> Descent:  # fmt: skip
    if isinstance(config, RankingConfig):
        return RankingDescent(pairs, valid, size, config, crew, start)
    return SquaredDescent(pairs, valid, size, config, crew, start)


def _check_start(start: SvdModel, n_users: int, n_items: int, config: Config) -> None:
    found = (len(start.user_bias), len(start.item_bias), start.item_factors.shape[1])
    objective = "ranking" if isinstance(config, RankingConfig) else "squared"
    if found[0] > n_users or found[1] > n_items or found[2] != config.factors:
        raise RecsysError(
            f"cannot start from a model of {found[0]} users, {found[1]} items and {found[2]} "
            f"factors; expected at most {n_users} users, {n_items} items, and {config.factors} "
            "factors. Users and items may only be added, at the end."
        )
    if start.folding.objective != objective:
        raise RecsysError(
            f"cannot start from a model of the objective {start.folding.objective}; expected "
            f"{objective}."
        )


class _Run:
    """Runs epochs and keeps the best."""

    def __init__(self, descent: Descent, config: Config) -> None:
        self._descent = descent
        self._config = config
        self._curve = [EpochFigures(0, descent.start_loss(), descent.validate())]
        rows = descent.rows
        self._kept = Rows.zeros(len(rows.users), len(rows.items), rows.factors)
        self._best = 0
        start = self._curve[0].train_loss
        # Ratings that are all alike start at nearly 0, hence the 1.
        usual = start if not math.isnan(start) else math.log(getattr(config, "negatives", 1) + 1)
        self._limit = DIVERGED * (usual + 1)

    def train(self, last: int, task: Task) -> Training:
        for epoch in range(1, last + 1):
            loss = self._descent.epoch(self._config.rate(epoch))
            figures = EpochFigures(epoch, loss, self._descent.validate())
            self._refuse_divergence(figures)
            self._curve.append(figures)
            task.advance(
                note=f"train {loss:.4f}, valid {self._descent.measure} {figures.valid:.4f}"
            )
            if self._is_best(figures):
                self._best = epoch
                self._descent.keep(self._kept)
            elif epoch - self._best >= self._config.patience:
                break
        return self._training()

    def _is_best(self, figures: EpochFigures) -> bool:
        # NaN, when nothing validates, is never worse: then every epoch is the best so far.
        if self._best == 0 or math.isnan(figures.valid):
            return True
        best = self._curve[self._best].valid
        if self._descent.higher_is_better:
            return figures.valid > best
        return figures.valid < best

    def _training(self) -> Training:
        model = self._descent.model(self._kept)
        return Training(model, tuple(self._curve), self._best, self._descent.measure)

    def _refuse_divergence(self, figures: EpochFigures) -> None:
        if figures.train_loss <= self._limit and not math.isinf(figures.valid):
            return
        rate = self._config.learning_rate
        raise TrainingDivergedError(
            f"training diverged in epoch {figures.epoch}: the mean loss is "
            f"{figures.train_loss:.3g}, and above {self._limit:.3g} it is of no use. Lower "
            f"learning_rate (now {rate:g}), for example to {rate / 10:g}.",
            self._training() if self._best else None,
        )


def refit(
    users: NDArray[np.integer[Any]],
    items: NDArray[np.integer[Any]],
    plays: NDArray[Any],
    *,
    n_users: int,
    n_items: int,
    epochs: int,
    config: Config,
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
        config=replace(config, epochs=max(config.epochs, epochs)),
        stop_after=epochs,
        progress=progress,
    )
