"""What a ranker is: what joins the candidates of several sources into one ranking."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.pool import Pool

FILE = "ranker.json"

Floats = NDArray[np.float64]
Features = Callable[[Pool], Floats]


class Ranker(Protocol):
    """Joins candidates.

    Attributes
    ----------
    kind
        What it is called in `ranker.json`.
    sources
        The sources that it asks.
    candidates
        How many songs each of them is asked for.
    """

    kind: ClassVar[str]

    @property
    def candidates(self) -> int:
        """See the attributes."""

    @property
    def sources(self) -> tuple[str, ...]:
        """See the attributes."""

    def scores(self, pool: Pool, features: Features) -> Floats:
        """The score of each candidate, 0 … 1, shape (n,); the higher, the better.

        `features` computes what `CandidateFeatures` does, for those who need it.
        """

    def shares(
        self, pool: Pool, features: Features, chosen: NDArray[np.int64]
    ) -> dict[str, Floats]:
        """What share of the score each source has, for the candidates at some positions.

        By source, shape (len(chosen),); over the sources they add up to 1.
        """

    def without(self, source: str) -> "Ranker":
        """The ranker that does not ask a source, nor looks at what it says."""

    def save(self, directory: Path) -> None:
        """Write it into a directory that exists."""

    def describe(self) -> dict[str, Any]:
        """What it is, as JSON."""
