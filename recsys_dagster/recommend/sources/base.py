"""What a candidate source is: a way to find songs for a query, that says what each seed brought."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.models import Models

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]
Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Query:
    """What a recommendation is asked for.

    Attributes
    ----------
    seeds
        Song ids, shape (s,), the most important first.
    ratings
        log1p play counts of the seeds, shape (s,), or `None`: all are liked alike.
    exclude
        Ids of songs that must not be recommended; the seeds never are.
    """

    seeds: Ids
    ratings: Scores | None = None
    exclude: Ids = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def unwanted(self) -> Ids:
        """All ids that must not come back, sorted."""
        return np.union1d(self.seeds, self.exclude)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Songs and their scores, best first, shape (n,) each."""

    ids: Ids
    scores: Scores


class Source(ABC):
    """A way to find songs. A new one is a class of these, named in `SOURCES`.

    Attributes
    ----------
    name
        As in `--method`, in `sources` of an answer and in tables.
    label
        What people call the method that is this source alone.
    explained
        What that method does, in one sentence.
    brings
        What people call what it brings, in a word or two.
    features
        What the ranker sees of a candidate beside its rank here: names, which begin with that of
        the source, each with the value that says nothing.
    needs_audio
        Whether it finds nothing for seeds without audio features.
    hears_seeds
        Whether it depends on the seeds; for what does not there is no reason to give.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    explained: ClassVar[str]
    brings: ClassVar[str]
    features: ClassVar[Mapping[str, float]] = {}
    needs_audio: ClassVar[bool] = False
    hears_seeds: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def of(cls, models: Models) -> Self | None:
        """The source over some models; `None` where they lack what it looks into."""

    @abstractmethod
    def candidates(self, query: Query, n: int) -> Candidates:
        """The best `n` songs, or fewer where there are no more.

        None that is in `query.unwanted`, and none that is not `models.recommendable`.
        """

    @abstractmethod
    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """What each seed added to the songs' scores, shape (n, s); at least 0."""

    def columns(self, query: Query, ids: Ids) -> Columns:  # noqa: ARG002
        """The `features` of candidates that any source brought, (n,) or (1,) each, finite."""
        return {}
