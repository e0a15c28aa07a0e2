"""The recommender: candidates, ranking, explanations, the public `Recommender`."""

from recsys_dagster.recommend.answer import (
    Answer,
    AudioAgreement,
    Because,
    Exclusion,
    Recommendation,
    Seed,
    SeedShare,
    Song,
)
from recsys_dagster.recommend.asking import MAX_SEEDS
from recsys_dagster.recommend.history import History
from recsys_dagster.recommend.ladder import RUNGS
from recsys_dagster.recommend.methods import METHODS
from recsys_dagster.recommend.recommender import Recommender
from recsys_dagster.recommend.reranking import Reranking
from recsys_dagster.recommend.taste import Favourite

__all__ = [
    "MAX_SEEDS",
    "METHODS",
    "RUNGS",
    "Answer",
    "AudioAgreement",
    "Because",
    "Exclusion",
    "Favourite",
    "History",
    "Recommendation",
    "Recommender",
    "Reranking",
    "Seed",
    "SeedShare",
    "Song",
]
