"""The evaluation for people: a table in Markdown, and plots."""

import base64
import io
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

COLUMNS = tuple(f"{name}@{k}" for name in ("ndcg", "recall", "precision") for k in (5, 10, 20))
_TITLES = {"ndcg": "NDCG", "recall": "Recall", "precision": "Precision"}


def title(column: str) -> str:
    """`ndcg@10` as people write it."""
    name, k = column.split("@")
    return f"{_TITLES[name]}@{k}"


def by_ndcg(methods: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """The methods, best NDCG@10 first."""
    return sorted(methods, key=lambda name: -(methods[name]["ndcg@10"] or 0))


def shown(value: float | None) -> str:
    """A figure as it stands in a table."""
    return "not measurable" if value is None else f"{value:.3f}"


def markdown_table(methods: Mapping[str, Mapping[str, float | None]]) -> str:
    """All methods and metrics, best first."""
    rows = [
        ["method", *(title(column) for column in COLUMNS)],
        ["---", *("---:" for _ in COLUMNS)],
        *(
            [name, *(shown(methods[name][column]) for column in COLUMNS)]
            for name in by_ndcg(methods)
        ),
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def plot_methods(methods: Mapping[str, Mapping[str, float | None]]) -> str:
    """NDCG@10 of each method as bars, as a Markdown image."""
    names = by_ndcg(methods)[::-1]
    figure = Figure(figsize=(6, 0.4 * len(names) + 1), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(names, [methods[name]["ndcg@10"] or 0 for name in names])
    axes.bar_label(bars, fmt="%.3f", padding=3)
    axes.set_xlabel("NDCG@10")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    return _markdown_image(figure, "NDCG@10 by method")


MEASURES = {"mse": "MSE of log(1 + plays)", "ndcg@20": "NDCG@20"}
"""What training is validated by, as people write it."""
_LOSSES = {"mse": "MSE of log(1 + plays)", "ndcg@20": "cross entropy"}


def plot_training(training: Mapping[str, Any]) -> str:
    """Loss and validation figure by epoch, as a Markdown image.

    Parameters
    ----------
    training
        `curve`, `best_epoch` and `measure`, as the asset of the factorisation leaves them.
    """
    curve, best, measure = training["curve"], training["best_epoch"], training["measure"]
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    # Squared errors share an axis; a ranking figure has one of its own.
    other = axes if measure == "mse" else axes.twinx()
    epochs = [row["epoch"] for row in curve]
    lines = [
        *axes.plot(epochs, [_or_nan(row["train_loss"]) for row in curve], label="train"),
        *other.plot(epochs, [_or_nan(row["valid"]) for row in curve], "C1", label="validation"),
        axes.axvline(best, linestyle=":", color="grey", label=f"kept: epoch {best}"),
    ]
    axes.set(xlabel="epoch", ylabel=_LOSSES[measure])
    axes.spines["top"].set_visible(False)
    other.spines["top"].set_visible(False)
    if other is not axes:
        other.set_ylabel(MEASURES[measure])
    axes.legend(handles=lines, frameon=False)
    return _markdown_image(figure, "Training curve")


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _markdown_image(figure: Figure, alt: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    return f"![{alt}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})"
