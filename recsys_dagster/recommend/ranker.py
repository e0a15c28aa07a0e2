"""The ranker: joins the candidates of several sources into one ranking.

Reciprocal-rank fusion (Cormack, Clarke and Büttcher 2009, "Reciprocal rank fusion outperforms
Condorcet and individual rank learning methods"): a song's score is Σ w_s / (c + rank_s) over the
sources s that brought it. Ranks can be compared where scores cannot.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.sources import Candidates, Ids, Scores
from recsys_dagster.storage.atomic import write_json

_FILE = "ranker.json"


@dataclass(frozen=True, slots=True)
class Ranker:
    """Reciprocal-rank fusion.

    Parameters
    ----------
    weights
        Weight of each source; 0 leaves it out.
    constant
        c; the higher, the less the first ranks stand out.
    candidates
        How many songs each source is asked for.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: {"svd": 1.0, "knn": 1.0})
    constant: float = 60.0
    candidates: int = 100

    def contributions(self, found: Mapping[str, Candidates]) -> tuple[Ids, dict[str, Scores]]:
        """What each source adds to each song's score.

        Returns
        -------
        ids
            All songs that any source brought, ascending, shape (n,).
        contributions
            By source, shape (n,): 0 where it did not bring the song. They add up to the score,
            which is 1 for a song that every source found puts first.
        """
        asked = {name: one for name, one in found.items() if self.weights.get(name, 0) > 0}
        ids = np.unique(np.concatenate([np.empty(0, np.int64), *(c.ids for c in asked.values())]))
        best = sum(self.weights[name] for name, one in asked.items() if len(one.ids))
        added = {}
        for name, one in asked.items():
            added[name] = np.zeros(len(ids), np.float32)
            ranks = np.arange(1, len(one.ids) + 1)
            share = self.weights[name] / max(best, 1e-9) * (self.constant + 1)
            added[name][np.searchsorted(ids, one.ids)] = share / (self.constant + ranks)
        return ids, added

    def save(self, directory: Path) -> None:
        """Write it into a directory that exists."""
        write_json(directory / _FILE, asdict(self))

    @classmethod
    def load(cls, directory: Path) -> "Ranker":
        """Read what `save` wrote.

        Raises
        ------
        RecsysError
            The file is missing or broken.
        """
        try:
            return cls(**json.loads((directory / _FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise RecsysError(
                f"The ranker in {directory} cannot be read ({error}). Run `recsys run`."
            ) from None
