"""The evaluation as tables and charts: plain functions from `evaluation.json`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recsys_dagster.recommend.methods import MEASURED_AGAINST
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
BASELINES = (*MEASURED_AGAINST, "random")
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


def _ends(intervals: Evaluated | None, name: str) -> tuple[float, float] | None:
    return interval((intervals or {}).get(name, {}).get(HEADLINE))


def bars(methods: Evaluated, intervals: Evaluated | None = None) -> dict[str, Any] | None:
    """Build the chart that compares methods by NDCG@10; `None` when nothing was measured.

    Each figure's interval is a line across the end of its bar, with the figure behind it.
    """
    measured = {name: number(methods[name].get(HEADLINE)) for name in ranked(methods)}
    known = {name: value for name, value in measured.items() if value is not None}
    if not known:
        return None
    ends = {name: _ends(intervals, name) for name in known}
    lines = [
        line(place, pair, ranged(known[name], pair))
        for place, (name, pair) in enumerate(ends.items())
        if pair is not None
    ]
    return {
        "grid": {
            "left": 8,
            "right": 150 if lines else 56,
            "top": 8,
            "bottom": 8,
            "containLabel": True,
        },
        "xAxis": {"type": "value", "min": 0, "max": _axis_end(known, ends), "splitNumber": 4},
        "yAxis": {"type": "category", "inverse": True, "data": [label(name) for name in known]},
        "series": [
            {
                "type": "bar",
                "name": "NDCG@10",
                "data": [_bar(name, value, ends[name]) for name, value in known.items()],
                "barMaxWidth": 26,
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "lineStyle": {"type": "solid", "width": 2, "color": "#888888"},
                    "data": lines,
                },
            }
        ],
        "tooltip": {"trigger": "item"},
    }


def _axis_end(known: Mapping[str, float], ends: Mapping[str, tuple[float, float] | None]) -> float:
    """The next twentieth above all figures and intervals: a line that leaves the axes is lost."""
    highest = max(*known.values(), *(pair[1] for pair in ends.values() if pair), 0.001)
    return math.ceil(highest * 20) / 20


def line(place: int, ends: tuple[float, float], words: str) -> list[dict[str, Any]]:
    """From one end of an interval to the other; the figure in words stands where it ends."""
    label = {"show": True, "position": "end", "formatter": words}
    return [{"coord": [ends[0], place], "label": label}, {"coord": [ends[1], place]}]


def _bar(name: str, value: float, ends: tuple[float, float] | None) -> dict[str, Any]:
    return {
        "value": round(value, 4),
        "itemStyle": {"opacity": 0.45 if name in BASELINES else 1.0},
        "label": {
            "show": ends is None,  # else it stands at the end of the interval
            "position": "right",
            "formatter": ranged(value, None),
            "opacity": 1,
        },
    }


def explain_intervals(evaluation: Mapping[str, Any]) -> list[str]:
    """Say in plain words how sure the figures are; nothing without intervals."""
    methods, intervals = evaluation.get("methods", {}), evaluation.get("intervals")
    if not any(_ends(intervals, name) for name in methods):
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


def describe_bars(methods: Evaluated, intervals: Evaluated | None = None) -> str:
    """Say in words what the bars show."""
    parts = [
        f"{label(name)} {ranged(value, _ends(intervals, name))}"
        for name in ranked(methods)
        if (value := number(methods[name].get(HEADLINE))) is not None
    ]
    return f"Bar chart of NDCG@10, best first: {', '.join(parts)}."


def curve(training: Mapping[str, Any]) -> dict[str, Any] | None:
    """Build the chart of loss and validation by epoch; `None` without any point."""
    points: Sequence[Mapping[str, Any]] = training.get("curve") or ()
    if not points:
        return None
    squared = training.get("measure") == "mse"
    lines = (("train_loss", "Training", 0), ("valid", "Validation", 0 if squared else 1))
    series: list[dict[str, Any]] = [
        {
            "type": "line",
            "name": name,
            "showSymbol": False,
            "yAxisIndex": axis,
            "data": [number(point.get(key)) for point in points],
        }
        for key, name, axis in lines
    ]
    best = training.get("best_epoch")
    if best is not None:
        series[1]["markLine"] = {
            "symbol": "none",
            "data": [{"xAxis": str(best)}],
            "label": {"formatter": "kept"},
        }
    axes = ["MSE"] if squared else ["loss", "NDCG@20"]
    return {
        "legend": {"bottom": 0},
        "grid": {"left": 8, "right": 24, "top": 32, "bottom": 56, "containLabel": True},
        "tooltip": {"trigger": "axis", "valueFormatter": "%.4f"},
        "xAxis": {
            "type": "category",
            "name": "epoch",
            "nameLocation": "middle",
            "nameGap": 28,
            "data": [str(point.get("epoch", index)) for index, point in enumerate(points)],
        },
        "yAxis": [{"type": "value", "scale": True, "name": name} for name in axes],
        "series": series,
    }


def explain_curve(training: Mapping[str, Any]) -> str:
    """Say in plain words how to read the training curve."""
    if training.get("measure") == "mse":
        return (
            "The error on what it learns from keeps falling; the error on what it has not seen "
            "says when to stop. The epoch marked “kept” is the one in use."
        )
    return (
        "The loss on what it learns from keeps falling; how well it ranks what it has not seen "
        "(NDCG@20, the higher the better) says when to stop. The epoch marked “kept” is the one "
        "in use."
    )


def describe_curve(training: Mapping[str, Any]) -> str:
    """Say in words what the training curve shows."""

    def way(key: str) -> str:
        known = [value for point in training["curve"] if (value := number(point.get(key)))]
        return f"{known[0]:.4f} to {known[-1]:.4f}" if known else "not measured"

    return (
        f"Line chart over {len(training['curve'])} epochs: loss in training {way('train_loss')}, "
        f"validation {way('valid')}."
    )


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
