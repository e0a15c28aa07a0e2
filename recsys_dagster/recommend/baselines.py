"""Baselines: methods that are no part of the hybrid, there to be measured against."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from recsys_dagster.recommend.sources import Candidates, Query

if TYPE_CHECKING:
    from recsys_dagster.recommend.engine import Engine

SEED_NEIGHBOURS = 100


class Baseline(ABC):
    """A way to rank songs. A new one is a class of these, an instance of which is in `BASELINES`.

    Attributes
    ----------
    name
        As in `--method` and in the evaluation.
    label
        What people call it.
    explained
        What it does, in one sentence.
    source
        The candidate source that its songs are said to come from.
    needs_audio
        Whether it finds nothing for seeds without audio features.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    explained: ClassVar[str]
    source: ClassVar[str]
    needs_audio: ClassVar[bool] = False

    @abstractmethod
    def candidates(self, engine: "Engine", query: Query, n: int, depth: int) -> Candidates:
        """The best `n` songs, or fewer where there are no more, as a source gives them.

        `depth` is how many the list had that is gone on with here to `n`; where they look at more
        or fewer songs the more they are asked for, it is `depth` that says how many.
        """


class Seed(Baseline):
    """The 100 songs nearest to the seeds' mean, sorted by how often they are played.

    This is what the system that ours replaces does, kept as the baseline it is. That one sorts by
    the item bias of its factorisation, which says how much a song is played.
    """

    name = "seed"
    label = "Seed"
    explained = "A baseline: songs that sound near, the best liked first."
    source = "knn"
    needs_audio = True

    def candidates(self, engine: "Engine", query: Query, n: int, depth: int) -> Candidates:
        """See `Baseline`."""
        near = engine.knn.candidates(query, max(SEED_NEIGHBOURS, depth)).ids
        scores = engine.popular.plays[near]
        best = np.lexsort((near, -scores))[:n]
        return Candidates(near[best], scores[best])


BASELINES: tuple[Baseline, ...] = (Seed(),)
"""All there are. Methods, the evaluation's comparisons and labels follow from them."""
