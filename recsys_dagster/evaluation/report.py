"""The evaluation for people: a table in Markdown, and plots."""

from collections.abc import Mapping, Sequence
from typing import Any

from recsys_dagster.evaluation.plotting import blank, markdown_image

COLUMNS = tuple(f"{name}@{k}" for name in ("ndcg", "recall", "precision") for k in (5, 10, 20))
BEYOND_COLUMNS = (
    "mrr@10", "hit@10", "coverage@10", "gini@10", "novelty@10", "diversity@10",
    "artist_diversity@10",
)  # fmt: skip
_TITLES = {
    "ndcg": "NDCG",
    "recall": "Recall",
    "precision": "Precision",
    "mrr": "MRR",
    "hit": "Hit rate",
    "coverage": "Coverage",
    "gini": "Gini",
    "novelty": "Novelty",
    "diversity": "Diversity",
    "artist_diversity": "Artist diversity",
}


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


def ranged(value: float | None, interval: Sequence[float] | None) -> str:
    """A figure with its 95 % interval.

    >>> ranged(0.2321, [0.2118, 0.2527])
    '0.232 [0.212, 0.253]'
    """
    if value is None or interval is None:
        return shown(value)
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def interval_lines(evaluation: Mapping[str, Any]) -> list[str]:
    """NDCG@10 of each method with its interval, and what the hybrid's differences say.

    Nothing for an evaluation that was made before there were intervals.
    """
    methods, ends = evaluation["methods"], evaluation.get("intervals", {})
    if not any((ends.get(name) or {}).get("ndcg@10") for name in methods):
        return []
    figures = [
        f"{name} {ranged(methods[name]['ndcg@10'], ends[name]['ndcg@10'])}"
        for name in by_ndcg(methods)
    ]
    return [
        f"NDCG@10 with 95 % intervals: {', '.join(figures)}.",
        *(
            difference_in_words(other, row["ndcg@10"])
            for other, row in evaluation["differences"].items()
        ),
    ]


def difference_in_words(other: str, found: Mapping[str, Any]) -> str:
    """What the difference of the hybrid to another method says.

    >>> difference_in_words("svd", {"mean": 0.002, "interval": [-0.003, 0.007]})
    'Hybrid less svd: +0.002 [-0.003, +0.007], so no difference is shown.'
    """
    if found["interval"] is None:
        return f"Hybrid less {other}: not measurable."
    low, high = found["interval"]
    verdict = "better" if low > 0 else "worse" if high < 0 else None
    said = f"the hybrid is {verdict}" if verdict else "no difference is shown"
    return f"Hybrid less {other}: {found['mean']:+.3f} [{low:+.3f}, {high:+.3f}], so {said}."


def task_rows(evaluation: Mapping[str, Any]) -> list[list[str]]:
    """NDCG@10 by method and task: a row of heads, then one a method in the order of `by_ndcg`.

    Nothing for an evaluation that was made before there were tasks.
    """
    tasks: Mapping[str, Any] = evaluation.get("tasks") or {}
    if not tasks:
        return []
    measured = [task["methods"] for task in tasks.values()]
    rows = [
        [name, *(shown(methods.get(name, {}).get("ndcg@10")) for methods in measured)]
        for name in by_ndcg(evaluation["methods"])
    ]
    return [["method", *tasks], *rows]


def task_lines(evaluation: Mapping[str, Any]) -> list[str]:
    """Of each task, how many were asked, and what differs significantly from the hybrid."""
    return [task_in_words(name, task) for name, task in (evaluation.get("tasks") or {}).items()]


def task_in_words(name: str, task: Mapping[str, Any]) -> str:
    """What the differences of the hybrid in a task say.

    >>> row = {"ndcg@10": {"mean": 0.1, "interval": [0.05, 0.2]}}
    >>> task_in_words("1 seed", {"listeners": 40, "differences": {"svd": row}})
    '1 seed, 40 listeners: the hybrid is better than svd.'
    """
    if not task["listeners"]:
        return f"{name}: nobody could be asked."
    said: dict[str, list[str]] = {}
    for other, row in task["differences"].items():
        ends = row["ndcg@10"]["interval"]
        low, high = ends or (0, 0)
        verdict = "is better than" if low > 0 else "is worse than" if high < 0 else None
        said.setdefault(verdict or "is not shown to differ from", []).append(other)
    listeners = f"{task['listeners']:,} listener{'' if task['listeners'] == 1 else 's'}"
    parts = [f"{verdict} {', '.join(others)}" for verdict, others in said.items()]
    return f"{name}, {listeners}: the hybrid {'; it '.join(parts)}."


def markdown_table(
    methods: Mapping[str, Mapping[str, float | None]], columns: Sequence[str] = COLUMNS
) -> str:
    """All methods and some metrics, best first."""
    return markdown_rows(
        ["method", *(title(column) for column in columns)],
        [
            [name, *(shown(methods[name][column]) for column in columns)]
            for name in by_ndcg(methods)
        ],
    )


def markdown_rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; the first column is text, the others are numbers."""
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plot_methods(
    methods: Mapping[str, Mapping[str, float | None]],
    intervals: Mapping[str, Mapping[str, Sequence[float] | None]] | None = None,
) -> str:
    """NDCG@10 of each method as bars with their intervals, as a Markdown image."""
    names = by_ndcg(methods)[::-1]
    figure = blank(6, 0.4 * len(names) + 1)
    axes = figure.subplots()
    axes.barh(names, [methods[name]["ndcg@10"] or 0 for name in names])
    for place, name in enumerate(names):
        value, ends = methods[name]["ndcg@10"], (intervals or {}).get(name, {}).get("ndcg@10")
        if ends:
            axes.plot(ends, [place, place], color="black", linewidth=1.5, marker="|")
        axes.annotate(
            f"{value or 0:.3f}", (max(value or 0, *(ends or [0])), place), (6, 0),
            textcoords="offset points", va="center",
        )  # fmt: skip
    axes.set_xlabel("NDCG@10 with 95 % intervals" if intervals else "NDCG@10")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.15)
    return markdown_image(figure, "NDCG@10 by method")


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
    figure = blank(6, 3)
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
    return markdown_image(figure, "Training curve")


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
