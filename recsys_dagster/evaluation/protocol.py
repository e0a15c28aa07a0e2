"""The evaluation: known listeners, five songs revealed, the songs held out to be found."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.evaluation.metrics import CUTOFFS, measure
from recsys_dagster.models.popularity import random_scores
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.engine import METHODS, Engine
from recsys_dagster.recommend.sources import Query, top

SEEDS = 5
MAX_LISTENERS = 2_000
FEW_LISTENERS = 100
"""Below it, means over listeners say little."""
RANDOM = "random"

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
            cases.append(Case(query, relevant))
    if len(cases) > MAX_LISTENERS:
        drawn = np.random.default_rng(rng).choice(len(cases), MAX_LISTENERS, replace=False)
        return [cases[one] for one in np.sort(drawn)]
    return cases


def evaluate(
    engine: Engine,
    held_out: HeldOut,
    *,
    rng: np.random.Generator | int = 0,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """Evaluate every method, and random order, over the full catalogue.

    Parameters
    ----------
    engine
        Made of models that have seen the train part alone.
    held_out
        The interactions and their parts.

    Returns
    -------
    `protocol` (description, listeners, seeds, cutoffs) and `methods`: the mean over the
    listeners of each metric, `None` where there is no listener to measure on.
    """
    generator = np.random.default_rng(rng)
    cases = make_cases(held_out, generator)
    shuffled = np.random.default_rng(generator.integers(2**32))
    found: dict[str, list[dict[str, float]]] = {name: [] for name in (*METHODS, RANDOM)}
    with progress.task("Evaluating", len(cases)) as task:
        for case in cases:
            for method, ranked in _rankings(engine, case, shuffled):
                found[method].append(measure(ranked, case.relevant))
            task.advance()
    return {
        "protocol": _describe(held_out, len(cases)),
        "methods": {method: mean_figures(rows) for method, rows in found.items()},
    }


def _rankings(
    engine: Engine, case: Case, rng: np.random.Generator
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    deepest = max(CUTOFFS)
    for method in METHODS:
        yield method, engine.rank(method, case.query, deepest).ids
    scores = np.where(engine.available, random_scores(len(engine.available), rng), -np.inf)
    scores[case.query.unwanted] = -np.inf
    yield RANDOM, top(scores.astype(np.float32), deepest).ids


def mean_figures(rows: list[dict[str, float]]) -> dict[str, float | None]:
    """The mean of each metric over listeners, `None` where it cannot be measured."""
    names = [f"{name}@{k}" for k in CUTOFFS for name in ("precision", "recall", "ndcg")]
    if not rows:
        return dict.fromkeys(names)
    means = {name: math.fsum(row[name] for row in rows) / len(rows) for name in names}
    return {name: round(value, 6) for name, value in means.items()}


def _describe(held_out: HeldOut, listeners: int) -> dict[str, Any]:
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
    }
