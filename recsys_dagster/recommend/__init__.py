"""The recommender: candidates, ranking, explanations, the public `Recommender`."""

from recsys_dagster.recommend.answer import Answer, Exclusion, Recommendation, Seed, Song
from recsys_dagster.recommend.ladder import RUNGS
from recsys_dagster.recommend.methods import METHODS
from recsys_dagster.recommend.recommender import MAX_SEEDS, Recommender
from recsys_dagster.recommend.reranking import Reranking

__all__ = [
    "MAX_SEEDS",
    "METHODS",
    "RUNGS",
    "Answer",
    "Exclusion",
    "Recommendation",
    "Recommender",
    "Reranking",
    "Seed",
    "Song",
]
