"""The evaluation as a table and in words: plain functions from `evaluation.json`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from streamlit_app.parts.words import method

CUTOFFS = (5, 10, 20)
METRICS = {
    "ndcg": "NDCG",
    "recall": "Recall",
    "precision": "Precision",
    "mrr": "MRR",
    "hit": "Hit rate",
}
BEYOND = {
    "coverage@10": "Coverage@10",
    "gini@10": "Gini@10",
    "novelty@10": "Novelty@10",
    "diversity@10": "Diversity@10",
    "artist_diversity@10": "Artist diversity@10",
}
HEADLINE = "ndcg@10"
FEW_LISTENERS = 100
LABELS = {"random": "Random"}


HELP = {
    "MRR": "1 over the place of the first right song, 0 if it is not on the list.",
    "Hit rate": "The share of listeners with any right song on the list.",
    "Coverage": "The share of all songs that stand on some list.",
    "Gini": "0 when all songs are recommended alike, near 1 when a few are to everybody.",
    "Novelty": "How few listeners play the songs, in bits; each bit is half as many.",
    "Diversity": "How differently the songs of a list sound: 0 all alike.",
    "Artist diversity": "Different artists over songs in a list.",
}


Evaluated = Mapping[str, Mapping[str, Any]]


def columns(methods: Evaluated | None = None) -> dict[str, str]:
    """Every metric's key with its heading; of given methods, those that any was measured by.

    A release that was evaluated before a metric was there does not have it.
    """
    every = {f"{key}@{k}": f"{name}@{k}" for key, name in METRICS.items() for k in CUTOFFS} | BEYOND
    if methods is None:
        return every
    return {key: name for key, name in every.items() if any(key in row for row in methods.values())}


def help_for(heading: str) -> str | None:
    """What a column of the table means, where the page does not say it anyway."""
    return HELP.get(heading.split("@")[0])


def label(name: str) -> str:
    """How a method or baseline is called."""
    return LABELS.get(name) or method(name).label


def number(value: Any) -> float | None:
    """A measured value, or `None` where it could not be measured."""
    known = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if known else None


def ranked(methods: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Methods by NDCG@10, best first; those without one at the end."""

    def key(name: str) -> float:
        measured = number(methods[name].get(HEADLINE))
        return -math.inf if measured is None else measured

    return sorted(methods, key=key, reverse=True)


def table(methods: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    """One row a method, one column a metric."""
    names = ranked(methods)
    cells: dict[str, list[Any]] = {"Method": [label(name) for name in names]}
    for key, heading in columns(methods).items():
        cells[heading] = [number(methods[name].get(key)) for name in names]
    return cells


def interval(ends: Any) -> tuple[float, float] | None:
    """The ends of a 95 % interval, or `None` where there is none."""
    known = [number(end) for end in ends] if isinstance(ends, Sequence) else []
    low, high = known if len(known) == 2 else (None, None)
    return None if low is None or high is None else (low, high)


def ranged(value: float, ends: tuple[float, float] | None) -> str:
    """A figure with its interval."""
    return f"{value:.3f}" + (f" ({ends[0]:.3f} to {ends[1]:.3f})" if ends else "")


def ends_of(intervals: Evaluated | None, name: str) -> tuple[float, float] | None:
    """The interval of a method's headline figure."""
    return interval((intervals or {}).get(name, {}).get(HEADLINE))


def explain_intervals(evaluation: Mapping[str, Any]) -> list[str]:
    """Say in plain words how sure the figures are; nothing without intervals."""
    methods, intervals = evaluation.get("methods", {}), evaluation.get("intervals")
    if not any(ends_of(intervals, name) for name in methods):
        return []
    return [
        "In brackets, how far each figure would swing if other listeners like these had been "
        "tested: 95 of 100 times it stays within.",
        *(
            _compared(other, row.get(HEADLINE, {}))
            for other, row in evaluation.get("differences", {}).items()
        ),
    ]


def _compared(other: str, found: Mapping[str, Any]) -> str:
    """What the same listeners' difference says of Hybrid and another method."""
    mean, ends = number(found.get("mean")), interval(found.get("interval"))
    if mean is None or ends is None:
        return f"How Hybrid compares with {label(other)} could not be measured."
    low, high = ends
    said = "is better than" if low > 0 else "is worse than" if high < 0 else "may equal"
    return f"Hybrid {said} {label(other)}: {mean:+.3f} ({low:+.3f} to {high:+.3f})."


def caveats(evaluation: Mapping[str, Any]) -> list[str]:
    """What an honest reader should know before believing the figures."""
    found = []
    listeners = int(evaluation.get("protocol", {}).get("listeners") or 0)
    methods = evaluation.get("methods", {})
    if listeners < FEW_LISTENERS:
        found.append(
            f"Only {listeners} listener{'' if listeners == 1 else 's'} could be tested. With fewer "
            f"than {FEW_LISTENERS}, the ranges are wide and small differences between methods are "
            "likely chance."
        )
    order = [name for name in ranked(methods) if number(methods[name].get(HEADLINE)) is not None]
    if "hybrid" in order and order[0] != "hybrid":
        found.append(f"On this history {label(order[0])} scores higher than Hybrid by NDCG@10.")
    if any(number(row.get(key)) is None for row in methods.values() for key in columns(methods)):
        found.append("Figures that could not be measured are left empty; they are not zero.")
    return found
