"""Recommendations for all listeners, from the current release."""

from typing import Any

import dagster as dg

from recsys_dagster.defs.metadata import table_metadata
from recsys_dagster.defs.release import GROUP, recommender_release
from recsys_dagster.defs.stages import Metadata, run_on_engine
from recsys_dagster.recommend.listing import SONGS_EACH
from recsys_dagster.stages.base import Facts
from recsys_dagster.storage.tables import scan_table
from recsys_dagster.workshop import STAGES, Workshop

_SHOWN = 10


@dg.asset(
    group_name=GROUP,
    kinds={"numpy", "parquet"},
    code_version=STAGES["user_recommendations"].code_version,
    deps=[recommender_release],
)
def user_recommendations(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """The best songs for every listener by the hybrid, without those that they have played.

    One row a listener and rank: user, rank, song_id, score and the source that weighs most in it.
    They are the songs that `recsys recommend --user NAME` gives without further wishes.
    """
    return run_on_engine(context, _describe)


def _describe(facts: Facts, shop: Workshop) -> Metadata:
    first = scan_table(shop.layout.recommendations).head(_SHOWN).collect()
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in first.iter_rows()]
    head = ["| " + " | ".join(first.columns) + " |", "| --- " * first.width + "|"]
    return {
        **table_metadata(shop.layout.recommendations, facts["rows"]),
        "release": facts["release"],
        "listeners": facts["users"],
        "songs each": SONGS_EACH,
        "listeners a second": facts["users_a_second"],
        "first rows": dg.MetadataValue.md("\n".join(head + lines)),
    }
