"""The recommender: candidates, ranking, explanations, the public `Recommender`."""

from recsys_dagster.recommend.answer import Answer, Recommendation, Seed, Song
from recsys_dagster.recommend.engine import METHODS
from recsys_dagster.recommend.recommender import MAX_SEEDS, Recommender

__all__ = ["MAX_SEEDS", "METHODS", "Answer", "Recommendation", "Recommender", "Seed", "Song"]
