"""The evaluation: known listeners, five songs revealed, the songs held out to be found."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.evaluation.metrics import CUTOFFS
from recsys_dagster.recommend.sources import Query

SEEDS = 5
MAX_LISTENERS = 2_000
FEW_LISTENERS = 100
"""Below it, means over listeners say little."""

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Interactions, and which of them are whose part.

    Attributes
    ----------
    users, songs, plays
        The pairs, shape (n,), sorted by listener.
    train, valid, test
        Positions of the pairs; no model has seen `test`.
    """

    users: Ints
    songs: Ints
    plays: Ints
    train: Ints
    valid: Ints
    test: Ints


@dataclass(frozen=True, slots=True)
class Case:
    """One listener: five songs as seeds, songs that are no answer, and the answers."""

    query: Query
    relevant: NDArray[np.int64]
    listener: int = -1
    """Index among the listeners of the interactions."""


def make_cases(held_out: HeldOut, rng: np.random.Generator | int = 0) -> list[Case]:
    """A case for each listener with songs in train and in test.

    The seeds are the listener's most played training songs. All songs of train and valid are
    excluded, for every method alike. Of more than `MAX_LISTENERS` listeners a sample is drawn.
    """
    part = np.full(len(held_out.users), -1, dtype=np.int8)
    part[held_out.train], part[held_out.valid], part[held_out.test] = 0, 1, 2
    bounds = np.flatnonzero(np.diff(held_out.users, prepend=-1, append=-1))
    cases = []
    for start, stop in pairwise(bounds):
        songs, plays = held_out.songs[start:stop], held_out.plays[start:stop]
        whose = part[start:stop]
        train = songs[whose == 0][np.lexsort((songs[whose == 0], -plays[whose == 0]))]
        relevant = songs[whose == 2].astype(np.int64)
        if len(train) and len(relevant):
            query = Query(
                train[:SEEDS].astype(np.int64),
                exclude=songs[np.isin(whose, (0, 1))].astype(np.int64),
            )
            cases.append(Case(query, relevant, int(held_out.users[start])))
    if len(cases) > MAX_LISTENERS:
        drawn = np.random.default_rng(rng).choice(len(cases), MAX_LISTENERS, replace=False)
        return [cases[one] for one in np.sort(drawn)]
    return cases


def describe_protocol(held_out: HeldOut, listeners: int) -> dict[str, Any]:
    """How it is measured, in words and numbers."""
    total = max(len(held_out.users), 1)
    return {
        "description": (
            f"Each listener's {SEEDS} most played training songs are the seeds; the songs of the "
            "test part are to be found. The whole catalogue is ranked, without the songs of "
            "training and validation. The split is drawn at random over listener-song pairs."
        ),
        "listeners": listeners,
        "seeds": SEEDS,
        "cutoffs": list(CUTOFFS),
        "train_share": round(len(held_out.train) / total, 4),
        "valid_share": round(len(held_out.valid) / total, 4),
        "test_share": round(len(held_out.test) / total, 4),
        "pairs": len(held_out.users),
    }
