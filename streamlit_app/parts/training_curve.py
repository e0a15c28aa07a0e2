"""The training curve as a chart and in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from streamlit_app.parts.figures import number


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
