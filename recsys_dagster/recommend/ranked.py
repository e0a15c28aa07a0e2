"""A ranking, and which source brought each song."""

from dataclasses import dataclass

import numpy as np

from recsys_dagster.recommend.sources import Candidates, Ids, Scores


@dataclass(frozen=True, slots=True)
class Ranked:
    """A ranking, best first.

    `by_source` has what each source added to the songs' scores, shape (n,) each, 0 where it did
    not bring the song.
    """

    ids: Ids
    scores: Scores
    by_source: dict[str, Scores]

    @classmethod
    def alone(cls, source: str, found: Candidates) -> "Ranked":
        """What one source brought."""
        return cls(found.ids, found.scores, {source: np.ones(len(found.ids), np.float32)})

    def sources(self, position: int) -> tuple[str, ...]:
        """The sources that brought the song at a position, the strongest first."""
        added = {name: float(one[position]) for name, one in self.by_source.items()}
        brought = [name for name in added if added[name]]
        return tuple(sorted(brought, key=lambda name: (-added[name], name)))

    def take(self, positions: Ids) -> "Ranked":
        """The songs at some positions, in that order."""
        by_source = {name: one[positions] for name, one in self.by_source.items()}
        return Ranked(self.ids[positions], self.scores[positions], by_source)
