"""The trial: the lists of every method for every case, and each listener's figures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.evaluation.beyond import (
    BY_LISTENER,
    OVER_ALL,
    Catalogue,
    catalogue_coverage,
    gini,
    measure_lists,
    self_information,
)
from recsys_dagster.evaluation.cases import Case
from recsys_dagster.evaluation.metrics import ACCURACY_NAMES, measure_hits
from recsys_dagster.evaluation.pairs import Ints, Pairs
from recsys_dagster.evaluation.ranking import (
    DEPTH,
    EngineOf,
    Ranking,
    by_method,
    no_lists,
    rank_here,
)
from recsys_dagster.evaluation.split import Split
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.methods import METHODS
from recsys_dagster.recommend.sources import is_among

RANDOM = "random"
HEADLINE = "ndcg@10"
NAMES = (*ACCURACY_NAMES, *BY_LISTENER)
"""The figures that each listener has."""

Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who played what before the cut.

    Attributes
    ----------
    listeners
        By how many listeners each song was played, shape (n_songs,).
    plays
        How much each listener played, shape (n_users,).
    """

    listeners: Ints
    plays: Ints

    @classmethod
    def of(cls, split: Split, n_songs: int) -> "Audience":
        """Count them."""
        heard = split.early > 0
        listeners = np.bincount(split.songs[heard], minlength=n_songs)
        plays = np.bincount(split.users, weights=split.early, minlength=len(split.fold))
        return cls(listeners, plays.astype(np.int64))


@dataclass(frozen=True, slots=True)
class Trial:
    """What every method recommended, and how good it was; n cases, one a listener.

    Attributes
    ----------
    cases, audience, catalogue, available
        What was asked, and of which songs.
    answers, revealed
        The songs to be found, and those that must not be recommended.
    lists
        By method, (n, 20) song ids, -1 where a list is shorter.
    figures
        By method, (n, len(NAMES)); NaN where a figure cannot be measured.
    """

    cases: list[Case]
    audience: Audience
    catalogue: Catalogue
    available: NDArray[np.bool_]
    answers: Pairs
    revealed: Pairs
    lists: dict[str, Ints]
    figures: dict[str, Figures]

    def measure(self, lists: Ints, answers: Pairs | None = None) -> Figures:
        """Figures of other lists, or by other answers, (n, len(NAMES)).

        Raises
        ------
        RecsysError
            A list holds a song that had been revealed.
        """
        check_lists(lists, self.revealed)
        looked_for = self.answers if answers is None else answers
        n_users = int((self.audience.plays > 0).sum())
        information = self_information(self.audience.listeners, n_users)
        found = {
            **measure_hits(looked_for.stand_in(lists), looked_for.counts()),
            **measure_lists(lists, information, self.catalogue),
        }
        return np.column_stack([found[name] for name in NAMES])

    def over_all(self, method: str) -> dict[str, float]:
        """The figures of `OVER_ALL` for a method."""
        first = self.lists[method][:, :10]
        values = (catalogue_coverage(first, self.available), gini(first, self.available))
        return dict(zip(OVER_ALL, values, strict=True))


def run_trial(
    engine_of: EngineOf,
    cases: list[Case],
    audience: Audience,
    available: NDArray[np.bool_],
    catalogue: Catalogue | None = None,
    *,
    methods: Sequence[str] = METHODS,
    ranking: Ranking = rank_here,
    rng: np.random.Generator | int = 0,
    progress: Progress = SILENT,
) -> Trial:
    """Ask every method, and random order, for songs from the full catalogue.

    Parameters
    ----------
    engine_of
        Gives a case the engine that has not seen its listener, nor anything after the cut.
    cases
        What is asked.
    audience
        What novelty and activity are measured by.
    available
        Which songs may be recommended, shape (n_songs,).
    catalogue
        What the figures beyond accuracy need.
    ranking
        Makes the lists of the methods.

    Raises
    ------
    RecsysError
        A method recommends a song that had been revealed.
    """
    lists = ranking(engine_of, cases, by_method(methods), progress)
    lists[RANDOM] = _by_chance(available, cases, np.random.default_rng(rng))
    trial = Trial(
        cases, audience, catalogue or Catalogue(), available,
        Pairs.of([case.relevant for case in cases]),
        Pairs.of([case.query.unwanted for case in cases]), lists, {},
    )  # fmt: skip
    return replace(trial, figures={name: trial.measure(one) for name, one in lists.items()})


def check_lists(lists: Ints, revealed: Pairs) -> None:
    """Make sure that no listener is recommended what had been revealed.

    Raises
    ------
    RecsysError
        A list holds such a song: the figures would be of remembering, not of finding.
    """
    wrong = revealed.stand_in(lists)
    if wrong.any():
        row, place = np.argwhere(wrong)[0]
        raise RecsysError(
            f"The evaluation is void: {int(wrong.sum())} recommended songs had been revealed, such "
            f"as song {lists[row, place]} at place {place + 1} of list {row}; expected none. A "
            "candidate source must leave out `Query.unwanted`."
        )


def _by_chance(
    available: NDArray[np.bool_], cases: Sequence[Case], rng: np.random.Generator
) -> Ints:
    """Any songs that may be recommended, (n, 20)."""
    lists, songs = no_lists(len(cases)), np.flatnonzero(available)
    for row, case in enumerate(cases):
        unwanted = case.query.unwanted
        drawn = rng.choice(songs, min(DEPTH + len(unwanted), len(songs)), replace=False)
        kept = drawn[~is_among(drawn, unwanted)][:DEPTH]
        lists[row, : len(kept)] = kept
    return lists
