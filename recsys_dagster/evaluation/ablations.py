"""What the hybrid loses without each of its sources, and whether it finds what is not there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from recsys_dagster.evaluation.bootstrap import draw_weights
from recsys_dagster.evaluation.document import SEED, difference, named_intervals, named_means
from recsys_dagster.evaluation.pairs import Pairs
from recsys_dagster.evaluation.trial import HYBRID, RANDOM, Figures, Trial, rank_cases
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.ranker import Ranker

SHUFFLED = "shuffled"


def ablate(
    trial: Trial, make_engine: Callable[[Ranker], Engine], ranker: Ranker
) -> dict[str, dict[str, Any]]:
    """The figures of the hybrid without each source, and with shuffled labels.

    Parameters
    ----------
    trial
        Of the whole hybrid.
    make_engine
        Gives an engine with a ranker, over the models of the trial.
    ranker
        That of the hybrid. A source is left out by a weight of 0; where no other is left, the
        ablation is left out too.

    Returns
    -------
    `-svd`, `-knn` and so on, with `methods.hybrid`-like `figures` and `intervals`, and the
    `difference` of the whole hybrid to it; `shuffled` the same, its difference to random order.
    """
    weights = draw_weights(len(trial.cases), SEED)
    found = {}
    for source, without in without_each(ranker):
        lists = rank_cases(make_engine(without), HYBRID, trial.cases)
        rows = trial.measure(lists)
        against = difference(trial.figures[HYBRID], rows, weights)
        found[f"-{source}"] = {**_figures(rows, weights), "difference": against}
    labels = shuffle_labels(trial)
    rows, chance = (trial.measure(trial.lists[name], labels) for name in (HYBRID, RANDOM))
    against = difference(rows, chance, weights)
    return {**found, SHUFFLED: {**_figures(rows, weights), "difference": against}}


def without_each(ranker: Ranker) -> Iterator[tuple[str, Ranker]]:
    """Each source with a weight, and the ranker without it."""
    used = [name for name, weight in ranker.weights.items() if weight > 0]
    for source in used if len(used) > 1 else ():
        yield source, replace(ranker, weights={**ranker.weights, source: 0.0})


def shuffle_labels(trial: Trial, rng: np.random.Generator | int = SEED) -> Pairs:
    """As many songs to be found as before, any that could have been recommended."""
    generator, songs = np.random.default_rng(rng), np.flatnonzero(trial.available)

    def draw(wanted: int, unwanted: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        # Of so many, enough are left when all unwanted ones are among them.
        size = min(wanted + len(unwanted), len(songs))
        drawn = generator.choice(songs, size, replace=False)
        return drawn[~np.isin(drawn, unwanted)][:wanted]

    return Pairs.of([draw(len(case.relevant), case.query.unwanted) for case in trial.cases])


def _figures(rows: Figures, weights: Figures) -> dict[str, Any]:
    return {"figures": named_means(rows), "intervals": named_intervals(rows, weights)}
