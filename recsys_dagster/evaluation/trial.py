"""The trial: the lists of every method for every case, and each listener's figures."""

from collections.abc import Iterator
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
from recsys_dagster.evaluation.metrics import ACCURACY_NAMES, CUTOFFS, measure_hits, ndcg
from recsys_dagster.evaluation.pairs import NO_SONG, Ints, Pairs
from recsys_dagster.evaluation.protocol import Case, HeldOut, make_cases
from recsys_dagster.models.popularity import random_scores
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.engine import METHODS, Engine
from recsys_dagster.recommend.sources import top

RANDOM = "random"
HYBRID = "hybrid"
HEADLINE = "ndcg@10"
DEPTH = max(CUTOFFS)
NAMES = (*ACCURACY_NAMES, *BY_LISTENER)
"""The figures that each listener has."""

Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """What every method recommended, and how good it was; n listeners.

    Attributes
    ----------
    held_out, cases, catalogue, available
        What was asked, and of which songs.
    answers, revealed
        The songs to be found, and those that must not be recommended.
    lists
        By method, (n, 20) song ids, -1 where a list is shorter.
    figures
        By method, (n, len(NAMES)); NaN where a figure cannot be measured.
    """

    held_out: HeldOut
    cases: list[Case]
    catalogue: Catalogue
    available: NDArray[np.bool_]
    answers: Pairs
    revealed: Pairs
    lists: dict[str, Ints]
    figures: dict[str, Figures]

    def listeners_of_songs(self) -> Ints:
        """By how many listeners each song is played in the training part, (n_songs,)."""
        train = self.held_out.songs[self.held_out.train]
        return np.bincount(train, minlength=len(self.available))

    def measure(self, lists: Ints, answers: Pairs | None = None) -> Figures:
        """Figures of other lists, or by other answers, (n, len(NAMES)).

        Raises
        ------
        RecsysError
            A list holds a song that had been revealed.
        """
        check_lists(lists, self.revealed)
        looked_for = self.answers if answers is None else answers
        n_users = len(np.unique(self.held_out.users[self.held_out.train]))
        information = self_information(self.listeners_of_songs(), n_users)
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
    engine: Engine,
    held_out: HeldOut,
    catalogue: Catalogue | None = None,
    *,
    rng: np.random.Generator | int = 0,
    progress: Progress = SILENT,
) -> Trial:
    """Ask every method, and random order, for songs from the full catalogue.

    Parameters
    ----------
    engine
        Made of models that have seen the train part alone.
    held_out
        The interactions and their parts.
    catalogue
        What the figures beyond accuracy need.

    Raises
    ------
    RecsysError
        A method recommends a song that had been revealed.
    """
    generator = np.random.default_rng(rng)
    cases = make_cases(held_out, generator)
    shuffled = np.random.default_rng(generator.integers(2**32))
    lists = {name: _empty(cases) for name in (*METHODS, RANDOM)}
    with progress.task("Evaluating", len(cases)) as task:
        for row, case in enumerate(cases):
            for method, ranked in _rankings(engine, case, shuffled):
                lists[method][row, : len(ranked)] = ranked
            task.advance()
    trial = Trial(
        held_out, cases, catalogue or Catalogue(), engine.available,
        Pairs.of([case.relevant for case in cases]),
        Pairs.of([case.query.unwanted for case in cases]), lists, {},
    )  # fmt: skip
    return replace(trial, figures={name: trial.measure(one) for name, one in lists.items()})


def rank_cases(engine: Engine, method: str, cases: list[Case]) -> Ints:
    """The lists of one method, (n, 20)."""
    lists = _empty(cases)
    for row, case in enumerate(cases):
        ranked = engine.rank(method, case.query, DEPTH).ids
        lists[row, : len(ranked)] = ranked
    return lists


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


def choose_part(engine: Engine, held_out: HeldOut) -> str:
    """The single source with the best NDCG@10 on the validation part; of equals the first."""
    parts = [name for name in METHODS if name in engine.sources and name != "popular"]
    nothing = np.empty(0, dtype=np.int64)
    cases = make_cases(replace(held_out, valid=nothing, test=held_out.valid))
    answers = Pairs.of([case.relevant for case in cases])
    if not cases:
        return parts[0]

    def score(part: str) -> float:
        hit = answers.stand_in(rank_cases(engine, part, cases))
        return float(ndcg(hit, 10, answers.counts()).mean())

    return max(parts, key=score)


def _empty(cases: list[Case]) -> Ints:
    return np.full((len(cases), DEPTH), NO_SONG, dtype=np.int64)


def _rankings(
    engine: Engine, case: Case, rng: np.random.Generator
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    for method in METHODS:
        yield method, engine.rank(method, case.query, DEPTH).ids
    scores = np.where(engine.available, random_scores(len(engine.available), rng), -np.inf)
    scores[case.query.unwanted] = -np.inf
    yield RANDOM, top(scores.astype(np.float32), DEPTH).ids
