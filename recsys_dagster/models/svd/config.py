"""The settings of the factorisation."""

import math
from dataclasses import dataclass

from recsys_dagster.errors import RecsysError


@dataclass(frozen=True)
class SvdConfig:
    """How to train.

    Parameters
    ----------
    factors
        k, length of a factor vector; at least 1.
    epochs
        Most passes over the training pairs; at least 1.
    learning_rate
        Step of one update, above 0.
    regularisation
        L2 weight λ of one update, at least 0: a row met n times is shrunk with n·λ. Played pairs
        alone want less (0.02), many unplayed pairs beside them more (0.08).
    init_scale
        Standard deviation of the factors at the start, above 0 (all zeros would never move).
    patience
        Epochs without a lower valid error after which training stops; at least 1.
    seed
        Of the start and the order of the pairs; at least 0.

    Raises
    ------
    RecsysError
        When a setting lies outside its range.
    """

    factors: int = 20
    epochs: int = 30
    learning_rate: float = 0.02
    regularisation: float = 0.05
    init_scale: float = 0.03
    patience: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, lowest in (("factors", 1), ("epochs", 1), ("patience", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < lowest:
                raise RecsysError(f"{name} must be a whole number from {lowest} up; got {value}.")
        for name in ("learning_rate", "init_scale"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise RecsysError(f"{name} must be a number above 0; got {value}.")
        if not (math.isfinite(self.regularisation) and self.regularisation >= 0):
            raise RecsysError(
                f"regularisation must be a number from 0 up; got {self.regularisation}."
            )
