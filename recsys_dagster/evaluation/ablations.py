"""What the hybrid loses without each of its sources, and whether it finds what is not there."""

from collections.abc import Sequence
from operator import methodcaller
from typing import Any

import numpy as np

from recsys_dagster.evaluation.bootstrap import draw_weights
from recsys_dagster.evaluation.document import SEED, difference, named_intervals, named_means
from recsys_dagster.evaluation.pairs import Pairs
from recsys_dagster.evaluation.ranking import Ask, EngineOf, Ranking, rank_here
from recsys_dagster.evaluation.trial import RANDOM, Figures, Trial
from recsys_dagster.recommend.methods import HYBRID

SHUFFLED = "shuffled"


def ablate(
    trial: Trial,
    engine_of: EngineOf,
    sources: Sequence[str],
    ranking: Ranking = rank_here,
) -> dict[str, dict[str, Any]]:
    """The figures of the hybrid without each source, and with shuffled labels.

    Parameters
    ----------
    trial
        Of the whole hybrid.
    engine_of
        The engines of the trial; their rankers are asked without each source. They are not
        learned anew, so a learned one does a little worse than it could without that source.
    sources
        Those to be left out one by one. Where a ranker asks no other, so that nothing would be
        left, and where it does not ask the source at all, it stays as it is.
    ranking
        Makes the lists.

    Returns
    -------
    `-svd`, `-knn` and so on, with `methods.hybrid`-like `figures` and `intervals`, and the
    `difference` of the whole hybrid to it; `shuffled` the same, its difference to random order.
    """
    weights = draw_weights(len(trial.cases), SEED)
    asks: dict[str, Ask] = {
        f"-{source}": (HYBRID, methodcaller("without", source)) for source in sources
    }
    found = {}
    for name, lists in ranking(engine_of, trial.cases, asks).items():
        rows = trial.measure(lists)
        against = difference(trial.figures[HYBRID], rows, weights)
        found[name] = {**_figures(rows, weights), "difference": against}
    labels = shuffle_labels(trial)
    rows, chance = (trial.measure(trial.lists[name], labels) for name in (HYBRID, RANDOM))
    against = difference(rows, chance, weights)
    return {**found, SHUFFLED: {**_figures(rows, weights), "difference": against}}


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
