"""What is asked of a small world, here and on a cluster."""

from dataclasses import replace
from functools import cache
from operator import methodcaller

import numpy as np

from recsys_dagster.evaluation.cases import Case, known_cases, stranger_cases
from recsys_dagster.evaluation.learning import contenders, gather
from recsys_dagster.evaluation.ranking import Ask, EngineOf, by_method
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.found import BatchEngine
from recsys_dagster.recommend.methods import HYBRID, METHODS
from recsys_dagster.recommend.ranker import Fusion, Rankers
from recsys_dagster_tests import worlds

SHAPE = worlds.Shape(users=600, songs=90, silent=tuple(range(0, 90, 9)), played_share=0.3)
"""Listeners for three blocks, and five folds of them."""


class Asked:
    """Two kinds of cases, with engines whose rankers differ by the group of the listener."""

    def __init__(self, world: worlds.World) -> None:
        split = worlds.split_of(world)
        strangers = stranger_cases(split, 3)[::6]
        self.cases: dict[str, list[Case]] = {
            "strangers": [self._some_excluded(one) for one in strangers],
            "known": known_cases(split)[:20],
        }
        plain = worlds.engine_of(world, split)
        learned = Rankers.alike(contenders(gather(strangers[:40], plain))[-1])
        of_groups = Rankers.alike(Fusion({"svd": 1.0, "items": 0.5})), learned

        @cache
        def engine(fold: int, kind: int) -> Engine:
            models = plain(Case(strangers[0].query, strangers[0].relevant, fold=fold)).models
            return BatchEngine(models, of_groups[kind])

        self.engine_of: EngineOf = lambda case: engine(case.fold, case.group % 2)
        self.asks: dict[str, Ask] = {
            **by_method(METHODS),
            "-svd": (HYBRID, methodcaller("without", "svd")),
            "all learned": (HYBRID, lambda _: learned),
        }

    @staticmethod
    def _some_excluded(case: Case) -> Case:
        left_out = np.arange(case.listener % 3, dtype=np.int64)
        return replace(case, query=replace(case.query, exclude=left_out))
