"""The settings of the factorisation by alternating least squares, which an engine's library fits.

In every step the rows of one side are solved for exactly, the others standing still; a row of n
pairs is shrunk by λ·n (Zhou et al. 2008, "Large-scale parallel collaborative filtering for the
Netflix Prize").
"""

import math
from dataclasses import dataclass

from recsys_dagster.models.svd.config import Checked

FEWEST_FACTORS, LISTENERS_PER_FACTOR = 16, 6
"""Of implicit preference, by validation on 200 and on 1,900 listeners."""


@dataclass(frozen=True)
class AlsConfig(Checked):
    """What both kinds of preference need.

    Parameters
    ----------
    factors
        k, length of a factor vector; at least 1.
    iterations
        How often both sides are solved for; at least 1.
    regularisation
        λ, above 0.
    blocks
        Into how many blocks listeners and songs are each cut; at least 1. Chance depends on it and
        on `seed`, and not on the size of the cluster.
    seed
        Of the start; at least 0.

    Raises
    ------
    RecsysError
        When a setting lies outside its range.
    """

    factors: int
    iterations: int
    regularisation: float
    blocks: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        for name, lowest in (("factors", 1), ("iterations", 1), ("blocks", 1), ("seed", 0)):
            self._check_whole(name, lowest)
        self._check_above_zero("regularisation")


@dataclass(frozen=True)
class ImplicitConfig(AlsConfig):
    """What is played is liked, the rest is not, the less surely so; see `ImplicitFolding`.

    Parameters
    ----------
    confidence
        α, above 0: how much more the mean played pair counts than one that is not played.
    play_exponent
        From 0 up: a pair counts with log(1 + plays)^exponent, scaled to a mean of 1.
    popularity_exponent
        From 0 to 1: the pairs of a song with n listeners count with (n / mean n)^-exponent. With 0
        the factors are used up by popular songs.
    """

    factors: int = 64
    iterations: int = 10
    regularisation: float = 0.1
    confidence: float = 1.0
    play_exponent: float = 1.0
    popularity_exponent: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_above_zero("confidence")
        self._check_range("play_exponent", 0, 10)
        self._check_range("popularity_exponent", 0, 1)


@dataclass(frozen=True)
class ExplicitConfig(AlsConfig):
    """The squared error of log(1 + plays), biases first, unplayed pairs beside the played ones.

    Parameters
    ----------
    bias_rounds
        How often the biases of both sides are estimated in turn; at least 1.
    """

    factors: int = 20
    iterations: int = 10
    regularisation: float = 0.05
    bias_rounds: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_whole("bias_rounds", 1)


def als_config(objective: str, mean_rating: float, n_users: int) -> ImplicitConfig | ExplicitConfig:
    """Settings for what is set as the objective, `ranking` or `squared`.

    Parameters
    ----------
    mean_rating
        Of log(1 + plays) in training: errors grow with it, and λ of the squared error has to.
    n_users
        Size of the matrix. Few listeners are learned by heart when there are many factors.
    """
    if objective == "ranking":
        few = max(n_users // LISTENERS_PER_FACTOR, FEWEST_FACTORS)
        return ImplicitConfig(factors=min(few, ImplicitConfig.factors))
    scale = max(mean_rating, 0.1) if math.isfinite(mean_rating) else 1.0
    return ExplicitConfig(regularisation=round(0.03 * scale, 4))
