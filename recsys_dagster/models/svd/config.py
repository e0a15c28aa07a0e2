"""The settings of the factorisation."""

import math
from dataclasses import dataclass
from typing import Literal

from recsys_dagster.errors import RecsysError

Schedule = Literal["constant", "linear", "cosine"]
SCHEDULES: tuple[Schedule, ...] = ("constant", "linear", "cosine")


class Checked:
    """Settings that refuse what lies outside their range, with the number."""

    def _check_whole(self, name: str, lowest: int) -> None:
        value = getattr(self, name)
        if not isinstance(value, int) or value < lowest:
            raise RecsysError(f"{name} must be a whole number from {lowest} up; got {value}.")

    def _check_above_zero(self, name: str) -> None:
        value = getattr(self, name)
        if not (math.isfinite(value) and value > 0):
            raise RecsysError(f"{name} must be a number above 0; got {value}.")

    def _check_range(self, name: str, lowest: float, highest: float) -> None:
        value = getattr(self, name)
        if not lowest <= value <= highest:
            upper = "up" if highest == math.inf else f"to {highest:g}"
            raise RecsysError(f"{name} must be a number from {lowest:g} {upper}; got {value}.")


@dataclass(frozen=True)
class SvdConfig(Checked):
    """How to train, whatever the objective.

    Parameters
    ----------
    factors
        k, length of a factor vector; at least 1.
    epochs
        Most passes over the training pairs; at least 1.
    learning_rate
        Step of one update in the first epoch, above 0.
    schedule
        How the learning rate falls over `epochs`: `constant`, not at all; `linear`, by the same
        amount each epoch, to that amount in the last one; `cosine`, by half a cosine.
    init_scale
        Standard deviation of the factors at the start, above 0 (all zeros would never move).
    patience
        Epochs without a better figure on the validation pairs after which training stops; at
        least 1.
    threads
        How many work side by side; at least 1. The result depends on it, and on nothing else of
        the machine.
    seed
        Of the start, the order of the pairs and the negatives; at least 0.

    Raises
    ------
    RecsysError
        When a setting lies outside its range.
    """

    factors: int = 20
    epochs: int = 30
    learning_rate: float = 0.02
    schedule: Schedule = "constant"
    init_scale: float = 0.03
    patience: int = 3
    threads: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("factors", "epochs", "patience", "threads"):
            self._check_whole(name, lowest=1)
        self._check_whole("seed", lowest=0)
        for name in ("learning_rate", "init_scale"):
            self._check_above_zero(name)
        if self.schedule not in SCHEDULES:
            raise RecsysError(
                f"schedule must be one of {', '.join(SCHEDULES)}; got {self.schedule!r}."
            )

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, from 1."""
        done = (epoch - 1) / self.epochs
        shares = {
            "constant": 1.0,
            "linear": 1 - done,
            "cosine": (1 + math.cos(math.pi * done)) / 2,
        }
        return self.learning_rate * shares[self.schedule]


@dataclass(frozen=True)
class SquaredConfig(SvdConfig):
    """The squared error on log(1 + plays), as in the system that ours replaces.

    Parameters
    ----------
    regularisation
        L2 weight λ of one update, at least 0. Played pairs alone want less (0.02), many unplayed
        pairs beside them more (0.08).
    frequency_exponent
        From 0 to 1. A row met n times is shrunk by λ·n^exponent, scaled so that the row met as
        often as the mean is shrunk by λ·n: 1 shrinks by frequency, 0 shrinks all rows alike
        (see `rows.shrinkage_of`).
    """

    regularisation: float = 0.05
    frequency_exponent: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("regularisation", 0, math.inf)
        if not math.isfinite(self.regularisation):
            raise RecsysError("regularisation must be a finite number; got inf.")
        self._check_range("frequency_exponent", 0, 1)


@dataclass(frozen=True)
class RankingConfig(SvdConfig):
    """The softmax over the song that was played and sampled negatives, on cosine scores.

    Parameters
    ----------
    negatives
        How many songs are drawn for each pair; at least 1.
    negative_exponent
        From 0 to 1: a song with n listeners is drawn with n^exponent; 0 draws all alike, 1 as
        often as they are played.
    correction
        From 0 to 1: how much of the logarithm of that chance is taken off the scores in training.
        1 learns what is played; below, popular songs are held down.
    temperature
        τ, by which cosines are divided in the softmax; above 0. Low ones look at the hardest
        negatives alone.
    play_exponent
        From 0 up: a pair counts with log(1 + plays)^exponent, scaled to a mean of 1.
    """

    factors: int = 64
    epochs: int = 40
    learning_rate: float = 0.03
    schedule: Schedule = "linear"
    init_scale: float = 0.1
    patience: int = 5
    negatives: int = 64
    negative_exponent: float = 1.0
    correction: float = 1.0
    temperature: float = 0.15
    play_exponent: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_whole("negatives", lowest=1)
        self._check_above_zero("temperature")
        for name in ("negative_exponent", "correction"):
            self._check_range(name, 0, 1)
        self._check_range("play_exponent", 0, 10)
