"""How long a service is waited for, and how often it is asked again."""

from dataclasses import dataclass

import numpy as np

from recsys_dagster.web.limits import LONGEST_PAUSE

_LONGEST_BACK_OFF = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """What a session puts up with; all times in seconds.

    Attributes
    ----------
    tries
        How often a question is asked before the service counts as down.
    connecting, silence, whole
        The longest that it may take to connect, to send nothing, and to send an answer.
    pause
        The longest pause that is waited for where the service asks for one.
    jitter
        Back-off is longer by up to this share, at random: many clients that were turned away
        together do not come back together.
    """

    tries: int = 6
    connecting: float = 10
    silence: float = 60
    whole: float = 300
    pause: float = LONGEST_PAUSE
    jitter: float = 0

    def back_off(self, tried: int, rng: np.random.Generator) -> float:
        """Seconds to wait after a number of tries: 1, 2, 4, … and the jitter."""
        seconds = min(2.0 ** (tried - 1), _LONGEST_BACK_OFF)
        return seconds * (1 + self.jitter * rng.random())
