"""The figures by group: popular and rare songs, active and quiet listeners, with and without audio.

A group is a part of the songs to be found; a listener who has none in it is not part of it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_dagster.evaluation.bootstrap import draw_weights
from recsys_dagster.evaluation.document import SEED, named_intervals, named_means
from recsys_dagster.evaluation.metrics import measure_hits
from recsys_dagster.evaluation.pairs import Ints
from recsys_dagster.evaluation.trial import NAMES, Trial

TERCILES = ("low", "middle", "high")
SHOWN = ("ndcg@10", "recall@20", "hit@20")
EMPTY = "No song to be found is in this group."

Bools = NDArray[np.bool_]


def terciles(values: Ints) -> Ints:
    """Which third each value lies in, 0 to 2; equal values are never parted.

    >>> terciles(np.array([1, 1, 2, 5, 9, 9])).tolist()
    [0, 0, 1, 1, 2, 2]
    """
    if not len(values):
        return np.empty(0, np.int64)
    borders = np.quantile(values, (1 / 3, 2 / 3))
    return np.searchsorted(borders, values, side="left")


def activity(trial: Trial) -> Ints:
    """Plays before the cut of each case's listener, (n,)."""
    return trial.audience.plays[[case.listener for case in trial.cases]]


def group_figures(trial: Trial) -> dict[str, Any]:
    """By kind of group and group: listeners, songs to be found, figures and their intervals."""
    weights = draw_weights(len(trial.cases), SEED)
    found: dict[str, Any] = {}
    for kind, name, about, kept in _groups(trial):
        found.setdefault(kind, {})[name] = {**about, **_figures(trial, kept, weights)}
    return found


def listener_table(trial: Trial) -> pl.DataFrame:
    """One row a method and listener: index, seeds, answers, activity and every figure.

    The index is the listener's place in alphabetical order; names are left out.
    """
    about = {
        "listener": [case.listener for case in trial.cases],
        "seeds": [len(case.query.seeds) for case in trial.cases],
        "answers": trial.answers.counts(),
        "plays": activity(trial),
    }
    kinds = dict.fromkeys(about, pl.Int32)
    return pl.concat(
        pl.DataFrame(about, schema=kinds)
        .with_columns(pl.lit(method).alias("method"))
        .with_columns(pl.Series(name, rows[:, column]) for column, name in enumerate(NAMES))
        .select("method", *about, *NAMES)
        for method, rows in trial.figures.items()
    )


def _groups(trial: Trial) -> Iterator[tuple[str, str, dict[str, Any], Bools]]:
    """Kind, name, facts, and which of the songs to be found are in it."""
    popularity = trial.audience.listeners[trial.answers.songs]
    yield from _thirds("popularity", "listeners_of_song", popularity, popularity)
    plays = activity(trial)
    yield from _thirds("activity", "plays_of_listener", plays, plays[trial.answers.rows])
    index = trial.catalogue.index
    if index is not None:
        heard = index.positions(trial.answers.songs) >= 0
        yield "audio", "with", {}, heard
        yield "audio", "without", {}, ~heard


def _thirds(
    kind: str, of: str, population: Ints, values: Ints
) -> Iterator[tuple[str, str, dict[str, Any], Bools]]:
    """Thirds of a population, and the values that lie within the bounds of each."""
    third = terciles(population)
    for number, name in enumerate(TERCILES):
        among = population[third == number]
        bounds = [int(among.min()), int(among.max())] if len(among) else None
        inside = (values >= bounds[0]) & (values <= bounds[1]) if bounds else values != values
        yield kind, name, {of: bounds}, inside


def _figures(trial: Trial, kept: Bools, weights: NDArray[np.float64]) -> dict[str, Any]:
    answers = trial.answers.only(kept)
    rows = {}
    for method, lists in trial.lists.items():
        measured = measure_hits(answers.stand_in(lists), answers.counts())
        rows[method] = np.column_stack([measured[name] for name in SHOWN])
    found = {
        "listeners": int((answers.counts() > 0).sum()),
        "answers": len(answers.rows),
        "methods": {name: named_means(one, SHOWN) for name, one in rows.items()},
        "intervals": {name: named_intervals(one, weights, SHOWN) for name, one in rows.items()},
    }
    return found if len(answers.rows) else {**found, "reason": EMPTY}
