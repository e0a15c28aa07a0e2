"""Rankers: what joins the candidates of several sources into one ranking."""

from recsys_dagster.recommend.ranker.base import Features, Floats, Ranker
from recsys_dagster.recommend.ranker.fusion import Fusion
from recsys_dagster.recommend.ranker.learned import Learned
from recsys_dagster.recommend.ranker.pair import Rankers, load_ranker

__all__ = ["Features", "Floats", "Fusion", "Learned", "Ranker", "Rankers", "load_ranker"]
