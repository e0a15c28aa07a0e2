"""The two rankers of a release, and how they are read."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.ranking.logistic import Logistic
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.recommend.features import FEATURE_NAMES
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.ranker.base import FILE, Ranker
from recsys_dagster.recommend.ranker.fusion import Fusion
from recsys_dagster.recommend.ranker.learned import Learned
from recsys_dagster.recommend.sources import Query

_MODELS: dict[str, type[Logistic] | type[Trees]] = {one.kind: one for one in (Logistic, Trees)}


def load_ranker(directory: Path) -> Ranker:
    """Read what a ranker's `save` wrote.

    Raises
    ------
    RecsysError
        A file is missing or broken, or the features are not those of this version.
    """
    try:
        found = json.loads((directory / FILE).read_text(encoding="utf-8"))
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
    if not set(missing) <= set(PARTS):
        raise ValueError(f"the missing sources are {missing}; there are {PARTS}")
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
