"""What is timed in benchmarks/svd.py: the pairs and settings, and what one run tells."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEARNING_RATE = 0.05
REGULARISATION = 0.05
RANKING_FACTORS = 64

Array = NDArray[Any]


class AbsentError(Exception):
    """A peer cannot run here; the message says why."""


@dataclass(frozen=True)
class Data:
    """Pairs to train and to test on, and the settings all share."""

    train: tuple[Array, Array, Array]
    test: tuple[Array, Array, Array]
    users: int
    items: int
    factors: int
    epochs: int
    threads: int

    @property
    def ratings(self) -> NDArray[np.float32]:
        """log(1 + plays) of the training pairs."""
        return np.log1p(self.train[2]).astype(np.float32)

    def rmse(self, predict: Callable[[Array, Array], Array]) -> float:
        """Root of the mean squared error of the held-out pairs."""
        users, items, plays = self.test
        return float(np.sqrt(np.mean((predict(users, items) - np.log1p(plays)) ** 2)))


@dataclass(frozen=True)
class Run:
    """Updates made, seconds of the training loop and of everything, and the held-out RMSE."""

    updates: int
    kernel: float
    whole: float
    rmse: float = float("nan")


class Clock:
    """Adds up the seconds of calls."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function whose time is added up."""

        def call(*arguments: Any, **named: Any) -> Any:
            with self.running():
                return function(*arguments, **named)

        return call

    @contextmanager
    def running(self) -> Iterator[None]:
        """Add the seconds of a block."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started
