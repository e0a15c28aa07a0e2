"""Reciprocal-rank fusion."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.ranker.base import FILE, Features, Floats
from recsys_dagster.storage.atomic import write_json


@dataclass(frozen=True, slots=True)
class Fusion:
    """Reciprocal-rank fusion: Σ w_s / (c + rank_s) over the sources s that brought a song.

    Ranks can be compared where scores cannot. Cormack, Clarke and Büttcher 2009, "Reciprocal rank
    fusion outperforms Condorcet and individual rank learning methods". A song that every source
    which found any puts first has the score 1.

    Parameters
    ----------
    weights
        Weight of each source; 0 leaves it out.
    constant
        c; the higher, the less the first ranks stand out.
    candidates
        How many songs each source is asked for.
    """

    kind: ClassVar[str] = "fusion"
    weights: Mapping[str, float] = field(default_factory=lambda: {"svd": 1.0, "knn": 1.0})
    constant: float = 60.0
    candidates: int = 100

    @property
    def sources(self) -> tuple[str, ...]:
        """Those with a weight."""
        return tuple(name for name, weight in self.weights.items() if weight > 0)

    def contributions(self, pool: Pool) -> dict[str, Floats]:
        """What each source adds to each song's score, (n,): 0 where it did not bring the song."""
        asked = {name: pool.ranks[name] for name in self.sources if name in pool.ranks}
        best = sum(self.weights[name] for name, ranks in asked.items() if ranks.any())
        return {
            name: np.where(
                ranks > 0, self.weights[name] / (self.constant + np.maximum(ranks, 1)), 0
            )
            * ((self.constant + 1) / max(best, 1e-9))
            for name, ranks in asked.items()
        }

    def scores(self, pool: Pool, features: Features) -> Floats:  # noqa: ARG002
        """See `Ranker`."""
        total = np.zeros(len(pool.ids))
        for one in self.contributions(pool).values():
            total += one
        return total

    def shares(
        self, pool: Pool, features: Features, chosen: NDArray[np.int64]
    ) -> dict[str, Floats]:
        """See `Ranker`."""
        total = np.maximum(self.scores(pool, features)[chosen], 1e-12)
        return {name: one[chosen] / total for name, one in self.contributions(pool).items()}

    def without(self, source: str) -> "Fusion":
        """See `Ranker`."""
        return Fusion({**self.weights, source: 0.0}, self.constant, self.candidates)

    def save(self, directory: Path) -> None:
        """See `Ranker`."""
        write_json(directory / FILE, {"kind": self.kind, **asdict(self)})

    def describe(self) -> dict[str, Any]:
        """See `Ranker`."""
        return {"kind": self.kind, **asdict(self)}
