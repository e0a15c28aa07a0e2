"""Rankers: what joins the candidates of several sources into one ranking."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.ranking.logistic import Logistic
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.recommend.features import BY_SOURCE, FEATURE_NAMES, columns_of
from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.sources import Query
from recsys_dagster.storage.atomic import write_json

_FILE = "ranker.json"
SOURCES: tuple[str, ...] = tuple(BY_SOURCE)
_BROUGHT = 1e-3
"""What a source that brought a song gets of its score at the least: it is named."""

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
        write_json(directory / _FILE, {"kind": self.kind, **asdict(self)})

    def describe(self) -> dict[str, Any]:
        """See `Ranker`."""
        return {"kind": self.kind, **asdict(self)}


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
        return tuple(name for name in SOURCES if name not in self.missing)

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
        write_json(directory / _FILE, {
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


_MODELS: dict[str, type[Logistic] | type[Trees]] = {one.kind: one for one in (Logistic, Trees)}


def load_ranker(directory: Path) -> Ranker:
    """Read what a ranker's `save` wrote.

    Raises
    ------
    RecsysError
        A file is missing or broken, or the features are not those of this version.
    """
    try:
        found = json.loads((directory / _FILE).read_text(encoding="utf-8"))
        kind = found.pop("kind", Fusion.kind)
        return Fusion(**found) if kind == Fusion.kind else _load_learned(directory, kind, found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RecsysError(
            f"The ranker in {directory} cannot be read ({error}). Run `recsys run`."
        ) from None


def _load_learned(directory: Path, kind: str, found: dict[str, Any]) -> Learned:
    if kind != Learned.kind:
        raise ValueError(f"there is no kind {kind!r}")
    if found["features"] != list(FEATURE_NAMES):
        raise ValueError("its features are those of another version")
    missing = tuple(found["missing"])
    if not set(missing) <= set(SOURCES):
        raise ValueError(f"the missing sources are {missing}; there are {SOURCES}")
    models = tuple(
        _MODELS[name].load(directory / name, len(FEATURE_NAMES)) for name in found["models"]
    )
    return Learned(models, int(found["candidates"]), missing)


@dataclass(frozen=True, slots=True)
class Rankers:
    """The ranker for a few named songs, and the one for whole histories.

    Who names five songs wants more like these, also what they know; who has a history wants what
    is not in it. The two are learned apart.

    Parameters
    ----------
    songs, history
        The rankers; by default one serves both.
    """

    songs: Ranker
    history: Ranker

    @classmethod
    def alike(cls, ranker: Ranker) -> "Rankers":
        """One ranker for both."""
        return cls(ranker, ranker)

    def of(self, query: Query) -> Ranker:
        """The one for a query; a history comes with ratings."""
        return self.songs if query.ratings is None else self.history

    def without(self, source: str) -> "Rankers":
        """Both without a source; one that asks no other stays as it is."""
        kept = (one.without(source) if one.sources != (source,) else one
                for one in (self.songs, self.history))  # fmt: skip
        return Rankers(*kept)

    def save(self, directory: Path) -> None:
        """Write both into a directory that exists."""
        for name in ("songs", "history"):
            (directory / name).mkdir()
            getattr(self, name).save(directory / name)

    @classmethod
    def load(cls, directory: Path) -> "Rankers":
        """Read what `save` wrote; see `load_ranker` for errors."""
        return cls(load_ranker(directory / "songs"), load_ranker(directory / "history"))


def _probability(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -60, 60))))
