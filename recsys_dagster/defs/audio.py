"""Audio features: batches as partitions, and the asset that finishes and gathers them."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from recsys_dagster import progress
from recsys_dagster.audio.answers import drop_expired
from recsys_dagster.audio.batches import BatchReport
from recsys_dagster.audio.coverage import measure_coverage
from recsys_dagster.audio.opening import open_batches, open_sources
from recsys_dagster.audio.sources import FeatureSource
from recsys_dagster.defs.conditions import FILL_PENDING
from recsys_dagster.defs.home import event_log_kept_open
from recsys_dagster.defs.listening import unique_songs
from recsys_dagster.defs.metadata import (
    markdown_counts,
    markdown_list,
    markdown_shares,
    table_metadata,
)
from recsys_dagster.defs.partitions import SONG_BATCHES, batch_key
from recsys_dagster.defs.stages import Metadata, failing_in_words, open_workshop, run_stage
from recsys_dagster.side_by_side import side_by_side
from recsys_dagster.stages.base import Facts, Made
from recsys_dagster.storage.lock import writing
from recsys_dagster.storage.tables import row_count, scan_table
from recsys_dagster.workshop import RETRY_AT, STAGES, Workshop

GROUP = "audio"
_UNTOLD = 200
"""How many batches that are filled may wait until Dagster is told of them."""


@dg.asset(
    group_name=GROUP,
    kinds={"polars", "parquet"},
    code_version="1",
    deps=[unique_songs],
    partitions_def=SONG_BATCHES,
    backfill_policy=dg.BackfillPolicy.single_run(),
    automation_condition=FILL_PENDING,
)
def spotify_audio_features(context: dg.AssetExecutionContext) -> None:
    """The 13 audio features of 500 songs, and where each came from.

    Materialise a partition to look a batch up again. `audio_features` finishes the pending
    ones by itself.
    """
    shop = open_workshop()
    with (
        failing_in_words(shop.layout.root),
        writing(shop.layout),
        open_sources(shop.layout, shop.settings) as sources,
    ):
        batches = open_batches(shop.layout, sources)
        for report in batches.fill_all([int(key) for key in context.partition_keys]):
            key = batch_key(report.batch)
            context.add_asset_metadata(_describe_batch(report), partition_key=key)


# Dagster's UI asks for confirmation where an upstream asset that it could materialise has never
# been: were `audio_features` to depend on the partitions directly, the job's first click would
# need a second one. What lies on disk is what it reads, whoever wrote it, so the lineage says so.
audio_feature_batches = dg.AssetSpec(
    "audio_feature_batches",
    group_name=GROUP,
    kinds={"parquet"},
    deps=[dg.AssetDep(spotify_audio_features, partition_mapping=dg.AllPartitionMapping())],
    description=(
        "The batches as they lie on disk: each written by its partition of "
        "spotify_audio_features, or by audio_features, which finishes the pending ones."
    ),
)


@dg.asset(
    group_name=GROUP,
    kinds={"polars", "parquet"},
    code_version=STAGES["audio_features"].code_version,
    deps=[unique_songs, audio_feature_batches],
)
def audio_features(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """All audio features in one table; finishes the batches that are still pending."""

    def make(shop: Workshop) -> Made:
        with open_sources(shop.layout, shop.settings) as sources:
            return _finish_and_gather(shop, sources, context)

    result = run_stage(context, make, _describe_features, _drop_expired_answers)
    _tell_of_batches_on_disk(context)
    context.log_event(dg.AssetMaterialization(audio_feature_batches.key))
    return result


def _drop_expired_answers(shop: Workshop) -> None:
    for remark in drop_expired(shop.layout.answers):
        dg.get_dagster_logger().warning(remark)


def _finish_and_gather(
    shop: Workshop, sources: list[FeatureSource], context: dg.AssetExecutionContext
) -> Made:
    batches = open_batches(shop.layout, sources)
    batches.drop_damaged()
    pending = batches.pending()
    context.log.info(f"{len(pending)} of {len(batches.numbers)} batches are pending.")

    def filled() -> Iterator[BatchReport]:
        with progress.current().task("Looking up audio features", len(pending)) as task:
            for report in batches.fill_all(pending):
                task.advance(note=f"batch {report.batch}")
                yield report

    def tell(report: BatchReport) -> None:
        _tell_of_batch(context, report.batch, _describe_batch(report))

    # To tell Dagster of a batch takes as long as to fill it from files, and both wait for the disk.
    with event_log_kept_open(context.instance, context.run.run_id):
        for _ in side_by_side(tell, filled(), threads=1, ahead=_UNTOLD):
            pass
    batches.gather(shop.layout.features)
    coverage = measure_coverage(scan_table(shop.layout.features), scan_table(shop.layout.songs))
    refused = [text for source in sources for text in source.refused_files]
    return [shop.layout.features, shop.layout.feature_batches], {
        "rows": row_count(shop.layout.features),
        "songs": coverage.songs,
        "songs_with_features": coverage.songs_with_features,
        "by_source": coverage.by_source,
        "missing_by_reason": coverage.missing_by_reason,
        "share_of_plays": coverage.share_of_plays,
        "refused": refused,
        "remarks": [text for source in sources for text in source.remarks],
        RETRY_AT: batches.retry_at(),
    }


def _describe_features(facts: Facts, shop: Workshop) -> Metadata:
    return {
        **table_metadata(shop.layout.features, facts["rows"]),
        "songs with features": facts["songs_with_features"],
        "share of plays with features": facts["share_of_plays"],
        "found by source": markdown_shares(facts["by_source"], "source"),
        "missing by reason": markdown_shares(facts["missing_by_reason"], "reason"),
        "files that could not be used": markdown_list(facts["refused"]),
        "what kept sources from answering": markdown_list(facts["remarks"]),
    }


def _describe_batch(report: BatchReport) -> dict[str, Any]:
    return {
        "dagster/partition_row_count": report.songs,
        "songs with features": report.found,
        "found by source": markdown_shares(report.by_source, "source"),
        "missing by reason": markdown_shares(report.missing_by_reason, "reason"),
        "songs with refused values": report.refused,
        "requests": markdown_counts({of: n for of, n in report.requests.items() if n}, "source"),
        "seconds": report.seconds,
        "to be done again from": _moment(report.again_at),
    }


def _moment(at: float | None) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.text("never") if at is None else dg.MetadataValue.timestamp(at)


def _tell_of_batch(context: dg.AssetExecutionContext, batch: int, metadata: dict[str, Any]) -> None:
    """Let the UI show a batch as materialised although it was not asked for on its own."""
    context.log_event(
        dg.AssetMaterialization(
            spotify_audio_features.key, partition=batch_key(batch), metadata=metadata
        )
    )


def _tell_of_batches_on_disk(context: dg.AssetExecutionContext) -> None:
    """Tell an event log that has forgotten them of the batches that are done on disk."""
    shop = Workshop.open()
    told = context.instance.get_materialized_partitions(spotify_audio_features.key)
    for batch in open_batches(shop.layout, []).numbers:
        if batch_key(batch) not in told:
            _tell_of_batch(context, batch, {})
