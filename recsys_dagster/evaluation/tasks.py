"""All tasks: strangers with one, three and five seeds, known listeners, cold songs."""

from collections.abc import Mapping
from typing import Any

from recsys_dagster.evaluation.bootstrap import draw_weights
from recsys_dagster.evaluation.document import (
    SEED,
    best_part,
    difference,
    named_intervals,
    named_means,
)
from recsys_dagster.evaluation.report import markdown_rows, ranged, title
from recsys_dagster.evaluation.trial import NAMES, RANDOM, Trial
from recsys_dagster.recommend.methods import HYBRID, MEASURED_AGAINST

SHOWN = ("ndcg@10", "recall@10", "recall@20", "precision@10", "mrr@10", "hit@10")
"""The figures of a task that is not the headline."""


def seeds_name(seeds: int) -> str:
    """What the task with so many seeds is called.

    >>> seeds_name(1)
    '1 seed'
    """
    return f"{seeds} seed{'' if seeds == 1 else 's'}"


def summarise_task(trial: Trial, description: str) -> dict[str, Any]:
    """A task in short: listeners, `SHOWN` of each method with intervals, and differences.

    The differences of the hybrid are to the best part, to `MEASURED_AGAINST` and to random order.
    """
    weights = draw_weights(len(trial.cases), SEED)
    means = {name: named_means(rows) for name, rows in trial.figures.items()}
    best = best_part(means)
    others = [one for one in dict.fromkeys((best, *MEASURED_AGAINST, RANDOM))
              if one in trial.figures]  # fmt: skip
    apart = {
        one: _shown(difference(trial.figures[HYBRID], trial.figures[one], weights))
        for one in others
    }
    return {
        "description": description,
        "listeners": len(trial.cases),
        "answers": len(trial.answers.rows),
        "methods": {name: _shown(row) for name, row in means.items()},
        "intervals": {
            name: _shown(named_intervals(rows, weights, NAMES))
            for name, rows in trial.figures.items()
        },
        "best_part": best,
        "differences": apart,
    }


def task_table(tasks: Mapping[str, Mapping[str, Any]], figure: str = "ndcg@10") -> str:
    """A figure of every method in every task, with intervals, as Markdown."""
    methods = list(dict.fromkeys(name for task in tasks.values() for name in task["methods"]))
    rows = [
        [f"{name} ({task['listeners']:,} listeners)",
         *(ranged(task["methods"][one][figure], task["intervals"][one][figure])
           if one in task["methods"] else "" for one in methods)]
        for name, task in tasks.items()
    ]  # fmt: skip
    return markdown_rows([title(figure), *methods], rows)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in SHOWN}
