"""The evaluation as a JSON document: means, intervals, differences, and reasons for gaps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.evaluation.beyond import OVER_ALL
from recsys_dagster.evaluation.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    draw_weights,
    intervals,
    means,
)
from recsys_dagster.evaluation.trial import HEADLINE, NAMES, Trial
from recsys_dagster.recommend.methods import HYBRID, MEASURED_AGAINST, PARTS

SEED = 0
DIGITS = 6
NO_LISTENER = "There is no listener to ask: none has songs to reveal and others to be found."
TOO_FEW = "An interval needs the figures of two listeners at least."
OF_ALL_LISTS = "A figure of all lists together, which no single listener has."
GAPS = {
    "novelty": "No list holds a song.",
    "diversity": "No list holds two songs with audio features.",
    "artist_diversity": "No list holds a song whose artist is known.",
    "gini": "No list holds a song.",
}

Figures = NDArray[np.float64]


def summarise(trial: Trial, protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a trial says.

    Parameters
    ----------
    trial
        The lists and figures.
    protocol
        How they were made; see `describe_protocol`.

    Returns
    -------
    `protocol`, `bootstrap`, `methods` (the mean of each figure), `intervals` (its 95 %
    interval), `best_part`, `differences` (of the hybrid to the best part and to
    `MEASURED_AGAINST`, over the same listeners) and `reasons` (why a figure is `None`).
    """
    weights = draw_weights(len(trial.cases), SEED)
    methods = {
        name: {**named_means(rows), **_rounded(trial.over_all(name))}
        for name, rows in trial.figures.items()
    }
    best = best_part(methods)
    return {
        "protocol": dict(protocol),
        "bootstrap": {"resamples": RESAMPLES, "confidence": CONFIDENCE, "seed": SEED},
        "methods": methods,
        "intervals": {
            name: {**named_intervals(rows, weights), **dict.fromkeys(OVER_ALL)}
            for name, rows in trial.figures.items()
        },
        "best_part": best,
        "differences": {
            other: difference(trial.figures[HYBRID], trial.figures[other], weights)
            for other in dict.fromkeys((best, *MEASURED_AGAINST))
            if other in trial.figures
        },
        "reasons": _reasons(methods, len(trial.cases)),
    }


def best_part(methods: Mapping[str, Mapping[str, float | None]]) -> str:
    """The single source with the best NDCG@10; of equals the first.

    It is the best one of these very figures, which favours it against the hybrid.
    """
    parts = [name for name in PARTS if name in methods]
    return max(parts, key=lambda name: methods[name][HEADLINE] or 0)


def named_means(rows: Figures, names: Sequence[str] = NAMES) -> dict[str, float | None]:
    """The mean of each figure over listeners, `None` where it cannot be measured."""
    return _rounded(dict(zip(names, means(rows).tolist(), strict=True)))


def named_intervals(
    rows: Figures, weights: Figures, names: Sequence[str] = NAMES
) -> dict[str, list[float] | None]:
    """The interval of each figure as lower and upper end, `None` where there is none."""
    ends = intervals(rows, weights)
    return {
        name: None if np.isnan(pair).any() else [round(float(end), DIGITS) for end in pair]
        for name, pair in zip(names, ends, strict=True)
    }


def difference(ours: Figures, theirs: Figures, weights: Figures) -> dict[str, Any]:
    """Mean and interval of each figure's difference, over the same listeners."""
    mean, interval = named_means(ours - theirs), named_intervals(ours - theirs, weights)
    return {name: {"mean": mean[name], "interval": interval[name]} for name in NAMES}


def _rounded(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {
        name: None if np.isnan(value) else round(value, DIGITS) for name, value in figures.items()
    }


def _reasons(methods: Mapping[str, Mapping[str, Any]], listeners: int) -> dict[str, Any]:
    """Why each figure that is `None` is."""
    gaps = {
        name: {key: _gap(key, listeners) for key in _missing(row)} for name, row in methods.items()
    }
    found: dict[str, Any] = {"methods": {name: row for name, row in gaps.items() if row}}
    found["intervals"] = {**dict.fromkeys(OVER_ALL, OF_ALL_LISTS)}
    if listeners < 2:
        found["intervals"] |= dict.fromkeys(NAMES, TOO_FEW)
    return found


def _missing(row: Mapping[str, Any]) -> Iterable[str]:
    return (key for key, value in row.items() if value is None)


def _gap(key: str, listeners: int) -> str:
    return GAPS.get(key.split("@")[0], NO_LISTENER) if listeners else NO_LISTENER
