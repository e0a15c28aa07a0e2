"""Release: the immutable directory that serving reads."""

from datetime import timedelta
from typing import Any

import dagster as dg

from recsys_dagster.defs.audio import audio_features
from recsys_dagster.defs.listening import listens, unique_songs, user_song_interactions
from recsys_dagster.defs.metadata import markdown_counts
from recsys_dagster.defs.models import item_neighbours, knn_index, ranker, svd_model
from recsys_dagster.defs.quality import evaluation
from recsys_dagster.defs.stages import Metadata, run_stage
from recsys_dagster.stages.base import Facts
from recsys_dagster.stages.release import make_release, tidy
from recsys_dagster.workshop import STAGES, Workshop

GROUP = "release"


@dg.asset(
    group_name=GROUP,
    kinds={"numpy", "parquet"},
    code_version=STAGES["recommender_release"].code_version,
    freshness_policy=dg.FreshnessPolicy.time_window(
        warn_window=timedelta(days=9), fail_window=timedelta(days=16)
    ),
    deps=[
        listens,
        user_song_interactions,
        unique_songs,
        audio_features,
        svd_model,
        item_neighbours,
        knn_index,
        ranker,
        evaluation,
    ],
)
def recommender_release(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """An immutable, self-contained, checksummed directory; the app and the command line read it.

    It is opened and asked before it is published; when that fails, the release before stays. It
    stays as well when the hybrid is significantly worse than its best part or than the released
    ranker (NDCG@10); a first release is published all the same, and the check
    `hybrid_is_not_worse_than_its_parts` warns.
    """
    result = run_stage(context, make_release, _describe_release)
    tidy(Workshop.open())
    return result


def _describe_release(facts: Facts, shop: Workshop) -> Metadata:
    counts = {name: value for name, value in facts["figures"].items() if isinstance(value, int)}
    return {
        "release": facts["release"],
        "gate": facts["gate"]["words"],
        "current release": shop.releases.current_id() or "none",
        "figures": markdown_counts(counts, "what"),
        "path": dg.MetadataValue.path(str(shop.layout.releases / facts["release"])),
    }
