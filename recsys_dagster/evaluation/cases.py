"""The tasks: what is asked of every method, and which songs are the right answer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.evaluation.split import Bools, Ints, Split
from recsys_dagster.recommend.sources import Query

SEEDS = (1, 3, 5)
"""How many songs the held-out listeners reveal."""
MAX_KNOWN = 500
"""Of more listeners whose history is known, a sample is asked."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question.

    Attributes
    ----------
    query
        The songs revealed, and what must not come back.
    relevant
        The songs to be found.
    listener
        Index of who is asked.
    fold
        Whose models answer.
    group
        See `Split.group`.
    """

    query: Query
    relevant: NDArray[np.int64]
    listener: int = -1
    fold: int = 0
    group: int = 0


def stranger_cases(split: Split, seeds: int, folds: int | None = None) -> list[Case]:
    """The app's task: a held-out listener reveals a few songs, and the rest is to be found.

    The seeds are what they played most before the cut, the answers all other songs that they
    played after it; without a cut, the answers are all their other songs. Nothing but the seeds
    is known of them, so nothing else is left out.

    Parameters
    ----------
    seeds
        How many songs are revealed, at most.
    folds
        Of how many folds the listeners are asked; by default of all.
    """
    asked = split.folds if folds is None else min(folds, split.folds)
    return [
        _case(split, listener, Query(revealed), later[~np.isin(later, revealed)], fold)
        for fold in range(asked)
        for listener, before, later in _listening(split, split.held_out(fold))
        for revealed in (before[:seeds],)
        if len(revealed) and not np.isin(later, revealed).all()
    ]


def known_cases(split: Split, fold: int = 0, most: int = MAX_KNOWN) -> list[Case]:
    """A listener who was learned from: the whole history is known, what is new is to be found.

    The query is all that they played before the cut, the answers what they played for the first
    time after it. Without a cut there are no cases.
    """
    if not split.timed:
        return []
    known = np.unique(split.users[split.checked(fold)])
    known = known[np.argsort(_scattered(known), kind="stable")[:most]]
    cases = []
    for listener in np.sort(known):
        part = _part(split, int(listener))
        songs, early, late = split.songs[part], split.early[part], split.late[part]
        before = _most_played(songs, early)
        if len(before):
            ratings = np.log1p(np.sort(early[early > 0])[::-1]).astype(np.float32)
            new = songs[(early == 0) & (late > 0)].astype(np.int64)
            cases.append(_case(split, int(listener), Query(before, ratings), new, fold))
    return cases


def cold_cases(
    split: Split, hidden: Bools, cold: Bools | None = None, seeds: int = SEEDS[-1]
) -> list[Case]:
    """A held-out listener reveals songs that are known, and plays some that no model has seen.

    Parameters
    ----------
    hidden
        (n_songs,) the songs that no model has seen; none of them is revealed.
    cold
        (n_songs,) those of them that can be found at all, by default all: the answers.
    seeds
        How many songs are revealed, at most.
    """
    findable = hidden if cold is None else hidden & cold
    cases = []
    for listener in split.held_out(0):
        part = _part(split, int(listener))
        songs = split.songs[part]
        seen = ~hidden[songs]
        before = _most_played(songs[seen], split.early[part][seen])
        answers = songs[findable[songs]].astype(np.int64)
        if len(before) and len(answers):
            cases.append(_case(split, int(listener), Query(before[:seeds]), answers, 0))
    return cases


def _case(
    split: Split, listener: int, query: Query, relevant: NDArray[np.int64], fold: int
) -> Case:
    return Case(query, relevant, listener, fold, int(split.group[listener]))


def _listening(
    split: Split, listeners: Ints
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """What each listener played before the cut, the most played first, and after it."""
    timed = split.timed  # looks through all pairs
    for listener in listeners:
        part = _part(split, int(listener))
        songs, early = split.songs[part], split.early[part]
        before = _most_played(songs, early)
        later = songs[split.late[part] > 0].astype(np.int64) if timed else before
        yield int(listener), before, later


def _part(split: Split, listener: int) -> slice:
    # Of the array's own type: otherwise all of it is converted, each time.
    borders = np.array((listener, listener + 1), split.users.dtype)
    start, stop = np.searchsorted(split.users, borders)
    return slice(int(start), int(stop))


def _most_played(songs: Ints, plays: Ints) -> NDArray[np.int64]:
    """The songs with plays, the most played first, of equals the lower id."""
    order = np.lexsort((songs, -plays))
    return songs[order][plays[order] > 0].astype(np.int64)


def _scattered(listeners: Ints) -> Ints:
    """A number for each listener by which a sample can be drawn, the same each time."""
    return np.random.default_rng(0).permutation(int(listeners.max(initial=-1)) + 1)[listeners]
