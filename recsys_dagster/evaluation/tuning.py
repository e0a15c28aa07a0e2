"""The ranker's weights, chosen on validation; the test part is never looked at."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recsys_dagster.evaluation.metrics import hits, ndcg
from recsys_dagster.evaluation.protocol import HeldOut, make_cases
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.ranker import Ranker

KNN_WEIGHTS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
_DEPTH = 10


def choose_ranker(
    make_engine: Callable[[Ranker], Engine],
    held_out: HeldOut,
    weights: Sequence[float] = KNN_WEIGHTS,
) -> tuple[Ranker, list[dict[str, Any]]]:
    """Choose the weight of audio beside the factorisation by NDCG@10 on validation.

    Parameters
    ----------
    make_engine
        Gives an engine with a ranker, over models that have seen the train part alone.
    held_out
        Its validation part takes the place of the test part here.
    weights
        The weights of `knn` to try; that of `svd` is 1.

    Returns
    -------
    The best ranker (of equals the one with the lower weight) and every trial.
    """
    nothing = np.empty(0, dtype=np.int64)
    cases = make_cases(replace(held_out, valid=nothing, test=held_out.valid))
    trials: list[dict[str, Any]] = []
    for weight in sorted(weights):
        engine = make_engine(Ranker(weights={"svd": 1.0, "knn": weight}))
        figures = [
            ndcg(hits(engine.rank("hybrid", case.query, _DEPTH).ids, case.relevant), _DEPTH,
                 len(case.relevant))
            for case in cases
        ]  # fmt: skip
        mean = round(float(np.mean(figures)), 6) if figures else None
        trials.append({"knn_weight": weight, "ndcg@10": mean})
    best = max(trials, key=lambda trial: trial["ndcg@10"] or 0)
    return Ranker(weights={"svd": 1.0, "knn": best["knn_weight"]}), trials
