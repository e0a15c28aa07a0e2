"""The figures by task: plain functions from `tasks` of `evaluation.json`."""

from collections.abc import Mapping
from typing import Any

from streamlit_app.parts.figures import (
    HEADLINE,
    Evaluated,
    interval,
    label,
    number,
    ranged,
    ranked,
)
from streamlit_app.parts.marks import in_order, symbol
from streamlit_app.parts.words import count, enumerate_words

LEAD = (
    "NDCG@10 of every method, by how much it is told and by what it has to find. Compare methods "
    "within a task: tasks differ in how hard they are."
)
LONGEST = 600
NAMES = {
    "1 seed": "A stranger picks 1 song",
    "3 seeds": "A stranger picks 3 songs",
    "5 seeds": "A stranger picks 5 songs",
    "known listeners": "A known listener, new songs",
    "cold songs": "Songs that nobody has played yet",
    "cold songs among themselves": "Such songs, ranked among themselves",
}
"""What tasks are called, in the order in which they are shown."""

Tasks = Mapping[str, Mapping[str, Any]]


def name(task: str) -> str:
    """What a task is called; one that came later keeps its own name."""
    return NAMES.get(task, task)


def measured(evaluation: Mapping[str, Any]) -> Tasks:
    """The tasks that were measured, in the order of `NAMES`; none for an older release."""
    found: Tasks = evaluation.get("tasks") or {}
    order = [*(one for one in NAMES if one in found), *(one for one in found if one not in NAMES)]
    return {one: found[one] for one in order if _known(found[one])}


def _known(task: Mapping[str, Any]) -> dict[str, float]:
    """NDCG@10 of the methods for which it was measured, best first."""
    rows: Evaluated = task.get("methods", {})
    values = {one: number(rows[one].get(HEADLINE)) for one in ranked(rows)}
    return {one: value for one, value in values.items() if value is not None}


def methods(tasks: Tasks) -> dict[str, str]:
    """Every method by its label, the best of the first task first."""
    found = dict.fromkeys(one for task in tasks.values() for one in _known(task))
    return {label(one): one for one in found}


def table(tasks: Tasks) -> dict[str, list[Any]]:
    """One row a task, one column a method."""
    cells: dict[str, list[Any]] = {
        "Task": [name(one) for one in tasks],
        "Listeners": [task.get("listeners") for task in tasks.values()],
    }
    for heading, method in methods(tasks).items():
        cells[heading] = [_known(task).get(method) for task in tasks.values()]
    return cells


def dots(tasks: Tasks) -> dict[str, Any]:
    """Build the chart: a line a task, a mark a method.

    A method that was not measured is a series too, so that the others keep their colours.
    """
    shown = methods(tasks)
    return {
        "legend": {"bottom": 0, "data": list(shown), "itemWidth": 12, "itemHeight": 12},
        "grid": {"left": 8, "right": 24, "top": 8, "bottom": 64, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "min": 0, "name": "NDCG@10", "nameLocation": "middle",
                  "nameGap": 26},
        "yAxis": {
            "type": "category", "inverse": True, "data": [name(one) for one in tasks],
            "splitLine": {"show": True},
        },
        "series": [_series(one, tasks) for one in in_order(shown.values())],
    }  # fmt: skip


def _series(method: str, tasks: Tasks) -> dict[str, Any]:
    known = [_known(task).get(method) for task in tasks.values()]
    return {
        "type": "scatter",
        "name": label(method),
        "symbol": symbol(method),
        "symbolKeepAspect": True,
        "symbolSize": 17 if method == "hybrid" else 12,
        "itemStyle": {"opacity": 1},
        "data": [
            [round(value, 4), place] for place, value in enumerate(known) if value is not None
        ],
    }


def explain(tasks: Tasks) -> list[str]:
    """Say of each task what Hybrid is surely better or worse than."""
    return [_explained(one, task) for one, task in tasks.items()]


def _explained(task: str, facts: Mapping[str, Any]) -> str:
    said: dict[str, list[str]] = {}
    for other, row in facts.get("differences", {}).items():
        said.setdefault(_verdict(row.get(HEADLINE, {})), []).append(label(other))
    listeners = count(int(facts.get("listeners") or 0), "listener")
    parts = [f"{words} {enumerate_words(others)}" for words, others in said.items()]
    compared = f"Hybrid {', '.join(parts)}." if parts else "Hybrid was not compared."
    return f"{name(task)} ({listeners}): {compared}"


def _verdict(found: Mapping[str, Any]) -> str:
    """What the 95 % interval of a difference says."""
    ends = interval(found.get("interval"))
    if ends is None:
        return "cannot be told from"
    return "is better than" if ends[0] > 0 else "is worse than" if ends[1] < 0 else "may equal"


def describe(tasks: Tasks) -> str:
    """Say in words what the chart and the table show."""
    parts = [f"{name(one)}: {_listed(_known(task))}" for one, task in tasks.items()]
    return f"NDCG@10 by task, best first. {'; '.join(parts)}."


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{label(method)} {ranged(value, None)}" for method, value in values.items())
