"""Candidate sources: each knows one way to find songs for a query, and what each seed brought."""

from recsys_dagster.recommend.sources.artists import Artists
from recsys_dagster.recommend.sources.base import Candidates, Ids, Query, Scores, Source
from recsys_dagster.recommend.sources.items import Items
from recsys_dagster.recommend.sources.knn import Knn
from recsys_dagster.recommend.sources.picking import is_among, top
from recsys_dagster.recommend.sources.popular import Popular
from recsys_dagster.recommend.sources.svd import Svd

SOURCES: tuple[type[Source], ...] = (Svd, Items, Knn, Artists, Popular)
"""All there are. Methods, features of the ranker, ablations and labels follow from them."""

__all__ = [
    "SOURCES",
    "Artists",
    "Candidates",
    "Ids",
    "Items",
    "Knn",
    "Popular",
    "Query",
    "Scores",
    "Source",
    "Svd",
    "is_among",
    "top",
]
