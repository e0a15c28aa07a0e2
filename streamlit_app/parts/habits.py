"""When somebody listens: plain functions from a history to charts and words. Times are UTC."""

from typing import Any

import numpy as np

from recsys_dagster.recommend.history import History
from streamlit_app.parts.words import count

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def week(history: History) -> dict[str, Any]:
    """Build the picture of the week: a row a weekday, a column an hour."""
    hours = _hours(history)
    cells = [[hour, day, int(hours[day, hour])] for day in range(7) for hour in range(24)]
    return {
        "grid": {"left": 8, "right": 8, "top": 8, "bottom": 8, "containLabel": True},
        "tooltip": {"formatter": "{@[2]} listens"},
        "xAxis": {"type": "category", "data": [f"{hour:02d}" for hour in range(24)],
                  "splitArea": {"show": False}, "axisTick": {"show": False}},
        "yAxis": {"type": "category", "data": [day[:3] for day in DAYS], "inverse": True,
                  "axisTick": {"show": False}},
        "visualMap": {"show": False, "min": 0, "max": max(1, int(hours.max()))},
        "series": [{"type": "heatmap", "data": cells, "itemStyle": {"borderRadius": 3,
                    "borderWidth": 1, "borderColor": "transparent"}}],
    }  # fmt: skip


def busiest(history: History) -> str:
    """Say in words when most listens are."""
    hours = _hours(history)
    day, hour = np.unravel_index(int(hours.argmax()), hours.shape)
    by_day, evening = hours.sum(axis=1), hours[:, [*range(18, 24)]].sum() / hours.sum()
    return (
        f"Most on {DAYS[int(by_day.argmax())]}s; the fullest hour is {DAYS[int(day)]} "
        f"{int(hour):02d}:00 to {(int(hour) + 1) % 24:02d}:00. {evening:.0%} between 18:00 and "
        "midnight. All times are UTC."
    )


def months(history: History) -> dict[str, Any]:
    """Build the chart of listens by month, from the first month to the last without gaps."""
    names, listens = _by_month(history)
    return {
        "grid": {"left": 8, "right": 8, "top": 16, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": names},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [{"type": "bar", "name": "Listens", "data": listens, "barMaxWidth": 28}],
    }


def describe_months(history: History) -> str:
    """Say in words what the chart of months shows."""
    names, listens = _by_month(history)
    top = int(np.argmax(listens))
    return (
        f"Listens by month, {names[0]} to {names[-1]}. Most in {names[top]}: "
        f"{count(listens[top], 'listen')}."
    )


def _by_month(history: History) -> tuple[list[str], list[int]]:
    if history.months is None or history.month_listens is None or not len(history.months):
        return ["never"], [0]
    first = history.months[0].astype(int)
    at = history.months.astype(int) - first
    listens = np.zeros(int(at[-1]) + 1, np.int64)
    listens[at] = history.month_listens
    every = np.arange(first, first + len(listens)).astype("datetime64[M]")
    return [str(month) for month in every], listens.tolist()


def _hours(history: History) -> Any:
    return np.zeros((7, 24), np.int64) if history.hours is None else history.hours
