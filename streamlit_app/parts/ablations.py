"""What each part of the hybrid brings: plain functions from `ablations` of `evaluation.json`."""

import math
from collections.abc import Mapping
from typing import Any

from streamlit_app.parts.figures import HEADLINE, interval, label, number
from streamlit_app.parts.method_bars import line

LEAD = (
    "The hybrid is asked again without one of its parts, which it does not learn anew to do "
    "without. What it loses in NDCG@10 is what the part brings; a line that reaches 0 says that "
    "this may be chance."
)
SHUFFLED = "shuffled"
Parts = Mapping[str, tuple[float, tuple[float, float] | None]]
"""By part: what the hybrid loses without it, and the 95 % interval of that."""


def parts(evaluation: Mapping[str, Any]) -> Parts:
    """The parts that were taken away, the dearest first; none for an older release."""
    rows = evaluation.get("ablations") or {}
    found = {name[1:]: _loss(row) for name, row in rows.items() if name.startswith("-")}
    known = {name: loss for name, loss in found.items() if loss is not None}
    return dict(sorted(known.items(), key=lambda each: -each[1][0]))


def _loss(row: Mapping[str, Any]) -> tuple[float, tuple[float, float] | None] | None:
    difference = row.get("difference", {}).get(HEADLINE) or {}
    mean = number(difference.get("mean"))
    return None if mean is None else (mean, interval(difference.get("interval")))


def bars(found: Parts) -> dict[str, Any]:
    """Build the chart: a bar a part, its interval a line across the end."""
    ends = [end for mean, pair in found.values() for end in (mean, *(pair or ()))]
    lines = [
        line(place, pair, _signed(mean, pair))
        for place, (mean, pair) in enumerate(found.values())
        if pair
    ]
    return {
        "grid": {"left": 8, "right": 190, "top": 8, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {
            "type": "value", "splitNumber": 4,
            "min": math.floor(min(0.0, *ends) * 100) / 100,
            "max": math.ceil(max(0.01, *ends) * 100) / 100,
        },
        "yAxis": {
            "type": "category", "inverse": True, "data": [label(name) for name in found],
            "axisLine": {"onZero": False},
        },
        "series": [
            {
                "type": "bar", "name": "NDCG@10 lost without it", "barMaxWidth": 26,
                "data": [round(mean, 4) for mean, _ in found.values()],
                "markLine": {
                    "silent": True, "symbol": "none", "data": lines,
                    "lineStyle": {"type": "solid", "width": 2, "color": "#888888"},
                },
            }
        ],
    }  # fmt: skip


def explain(found: Parts) -> str:
    """Say in plain words which parts the hybrid is shown to need."""
    said: dict[str, list[str]] = {}
    for name, (_, pair) in found.items():
        said.setdefault(_verdict(pair), []).append(label(name))
    return " ".join(f"{verdict}: {', '.join(names)}." for verdict, names in said.items())


def _verdict(pair: tuple[float, float] | None) -> str:
    if pair is None:
        return "Not measured well enough"
    low, high = pair
    return "Needed" if low > 0 else "Better without" if high < 0 else "Not shown to matter here"


def describe(found: Parts) -> str:
    """Say in words what the chart shows."""
    losses = [f"{label(name)} {_signed(mean, pair)}" for name, (mean, pair) in found.items()]
    return f"Bar chart of the NDCG@10 that Hybrid loses without a part: {', '.join(losses)}."


def check(evaluation: Mapping[str, Any]) -> str | None:
    """Say what came of looking for shuffled songs, where nothing but chance may be found."""
    loss = _loss((evaluation.get("ablations") or {}).get(SHUFFLED, {}))
    if loss is None or loss[1] is None:
        return None
    low, high = loss[1]
    said = "as it should" if low <= 0 <= high else "which it should not: distrust these figures"
    return (
        "A check of the measuring itself: where the songs to be found are shuffled, Hybrid "
        f"differs from random order by {_signed(*loss)}, {said}."
    )


def _signed(mean: float, pair: tuple[float, float] | None) -> str:
    return f"{mean:+.3f}" + (f" ({pair[0]:+.3f} to {pair[1]:+.3f})" if pair else "")
