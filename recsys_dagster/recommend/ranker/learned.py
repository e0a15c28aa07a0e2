"""Rankers that are learned from what listeners played."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.ranking.logistic import Logistic
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.recommend.features import FEATURE_NAMES, columns_of
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.ranker.base import FILE, Features, Floats
from recsys_dagster.storage.atomic import write_json

_BROUGHT = 1e-3
"""What a source that brought a song gets of its score at the least: it is named."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Models over the features of the candidates; the score is the probability that they say.

    Parameters
    ----------
    models
        Over `FEATURE_NAMES`; of several the mean of their log odds counts.
    candidates
        How many songs each source is asked for.
    missing
        Sources that are not asked; their features are those of the pool's mean candidate.
    """

    kind: ClassVar[str] = "learned"
    models: tuple[Logistic | Trees, ...]
    candidates: int = 100
    missing: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """All that are not missing."""
        return tuple(name for name in PARTS if name not in self.missing)

    def scores(self, pool: Pool, features: Features) -> Floats:
        """See `Ranker`."""
        rows = features(pool)
        if self.missing and len(rows):
            rows = _levelled(rows, self.missing, rows.mean(axis=0), derived=True)
        return _probability(self._decision(rows))

    def _decision(self, rows: Floats) -> Floats:
        """The log odds, (n,)."""
        found = np.zeros(len(rows))
        for model in self.models:
            found += model.decision(rows) / len(self.models)
        return found

    def shares(
        self, pool: Pool, features: Features, chosen: NDArray[np.int64]
    ) -> dict[str, Floats]:
        """By how much the log odds fall when what a source says is that of the mean candidate."""
        rows = features(pool)
        mean = rows.mean(axis=0) if len(rows) else np.zeros(len(FEATURE_NAMES))
        rows = _levelled(rows[chosen], self.missing, mean, derived=True)
        versions = [rows, *(_levelled(rows, (name,), mean) for name in self.sources)]
        whole, *without = self._decision(np.concatenate(versions)).reshape(
            len(versions), len(chosen)
        )
        falls = (np.maximum(whole - one, _BROUGHT) for one in without)
        added = {
            name: np.where(pool.ranks[name][chosen] > 0, fall, 0)
            for name, fall in zip(self.sources, falls, strict=True)
            if name in pool.ranks
        }
        total = sum(added.values(), np.zeros(len(chosen)))
        return {name: one / np.where(total > 0, total, 1) for name, one in added.items()}

    def without(self, source: str) -> "Learned":
        """See `Ranker`."""
        return Learned(self.models, self.candidates, (*self.missing, source))

    def save(self, directory: Path) -> None:
        """See `Ranker`."""
        write_json(directory / FILE, {
            "kind": self.kind, "models": [one.kind for one in self.models],
            "features": list(FEATURE_NAMES), "candidates": self.candidates,
            "missing": list(self.missing),
        })  # fmt: skip
        for model in self.models:
            (directory / model.kind).mkdir()
            model.save(directory / model.kind)

    def describe(self) -> dict[str, Any]:
        """See `Ranker`."""
        weights = {
            model.kind: dict(zip(FEATURE_NAMES, model.importance().round(4).tolist(), strict=True))
            for model in self.models
        }
        return {"kind": "+".join(weights), "candidates": self.candidates, "importance": weights}


def _levelled(
    rows: Floats, sources: Sequence[str], mean: Floats, *, derived: bool = False
) -> Floats:
    """The features with what some sources say as of the mean candidate; see `columns_of`."""
    columns = [column for name in sources for column in columns_of(name, derived=derived)]
    changed = rows.copy()
    changed[:, columns] = mean[columns]
    return changed


def _probability(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -60, 60))))
