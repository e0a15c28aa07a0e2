"""The chart that compares methods."""

import math
from collections.abc import Mapping
from typing import Any

from recsys_dagster.recommend.methods import MEASURED_AGAINST
from streamlit_app.parts.figures import (
    HEADLINE,
    Evaluated,
    ends_of,
    label,
    number,
    ranged,
    ranked,
)

BASELINES = (*MEASURED_AGAINST, "random")


def bars(methods: Evaluated, intervals: Evaluated | None = None) -> dict[str, Any] | None:
    """Build the chart that compares methods by NDCG@10; `None` when nothing was measured.

    Each figure's interval is a line across the end of its bar, with the figure behind it.
    """
    measured = {name: number(methods[name].get(HEADLINE)) for name in ranked(methods)}
    known = {name: value for name, value in measured.items() if value is not None}
    if not known:
        return None
    ends = {name: ends_of(intervals, name) for name in known}
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


def describe_bars(methods: Evaluated, intervals: Evaluated | None = None) -> str:
    """Say in words what the bars show."""
    parts = [
        f"{label(name)} {ranged(value, ends_of(intervals, name))}"
        for name in ranked(methods)
        if (value := number(methods[name].get(HEADLINE))) is not None
    ]
    return f"Bar chart of NDCG@10, best first: {', '.join(parts)}."
