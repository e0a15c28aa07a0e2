"""Asset checks, with words that a person understands."""

import dagster as dg
import polars as pl

from recsys_dagster.audio.features import FEATURE_TABLE
from recsys_dagster.defs.audio import audio_features
from recsys_dagster.defs.listening import listens, unique_songs, user_song_interactions
from recsys_dagster.defs.release import recommender_release
from recsys_dagster.errors import RecsysError
from recsys_dagster.stages.release import answers, gate_in_words
from recsys_dagster.storage.tables import scan_table
from recsys_dagster.workshop import Workshop


def _verdict(shop: Workshop, stage: str, passed: bool, description: str) -> dg.AssetCheckResult:
    """The result of a blocking check; a stage that failed it does not count as done."""
    if not passed:
        shop.stamps.forget(stage)
    return dg.AssetCheckResult(passed=passed, description=description)


@dg.asset_check(asset=listens, description="Every file in raw/history could be used.")
def history_files_are_readable() -> dg.AssetCheckResult:
    """Warn of files that were left aside; the others are read all the same."""
    stamp = Workshop.open().stamps.read("listens")
    refused = stamp.facts["refused"] if stamp else []
    return dg.AssetCheckResult(
        passed=not refused,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(refused) or "Every file was read.",
    )


@dg.asset_check(
    asset=user_song_interactions,
    blocking=True,
    description="One row a listener and song, and every listen counted once.",
)
def interactions_are_unique_and_complete() -> dg.AssetCheckResult:
    """Stop when a pair stands twice or plays and listens do not add up."""
    shop = Workshop.open()
    table = scan_table(shop.layout.interactions)
    pairs, distinct, plays = (
        table.select(
            pl.len(),
            # Of hashes: the pairs themselves would have to be in memory all at once.
            pl.struct("user", "song_key").hash().n_unique().alias("distinct"),
            pl.col("play_count").sum(),
        )
        .collect(engine="streaming")
        .row(0)
    )
    stamp = shop.stamps.read("listens")
    heard = stamp.facts["listens"] - sum(stamp.facts["bursts"].values()) if stamp else plays
    return _verdict(
        shop,
        "user_song_interactions",
        pairs == distinct and plays == heard,
        f"{pairs:,} pairs, {pairs - distinct:,} of them twice; "
        f"{plays:,} plays of {heard:,} listens, bursts not counted.",
    )


@dg.asset_check(
    asset=unique_songs, blocking=True, description="Song ids are dense and no song stands twice."
)
def song_ids_are_dense() -> dg.AssetCheckResult:
    """Stop when ids have gaps or a song has two."""
    shop = Workshop.open()
    songs, distinct, dense = (
        scan_table(shop.layout.songs)
        .select(
            pl.len(),
            pl.col("song_key").n_unique(),
            (pl.col("song_id") == pl.int_range(pl.len())).all().alias("dense"),
        )
        .collect()
        .row(0)
    )
    return _verdict(
        shop,
        "unique_songs",
        dense and songs == distinct,
        f"{songs:,} songs, {songs - distinct:,} of them twice; "
        f"ids {'without gaps' if dense else 'with gaps'}.",
    )


@dg.asset_check(
    asset=audio_features, blocking=True, description="Every audio feature is within its range."
)
def features_are_in_range() -> dg.AssetCheckResult:
    """Stop when a value lies outside its range: models would learn from it."""
    shop = Workshop.open()
    outside = (
        scan_table(shop.layout.features)
        .select(
            (~pl.col(one.name).is_between(one.low, one.high)).sum().alias(one.name)
            for one in FEATURE_TABLE
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    wrong = {name: count for name, count in outside.items() if count}
    return _verdict(
        shop,
        "audio_features",
        not wrong,
        f"Values out of range: {wrong}." if wrong else "All values are in range.",
    )


@dg.asset_check(
    asset=recommender_release, blocking=True, description="The current release opens and answers."
)
def release_answers() -> dg.AssetCheckResult:
    """Stop when what serving reads is damaged or has nothing to say."""
    shop = Workshop.open()
    try:
        release = shop.releases.open_current()
        answers(release)
    except RecsysError as error:
        return _verdict(shop, "recommender_release", False, str(error))
    return _verdict(
        shop,
        "recommender_release",
        True,
        f"Release {release.id} is whole and recommends songs.",
    )


@dg.asset_check(
    asset=recommender_release,
    description="The hybrid is not significantly worse than its best part (NDCG@10).",
)
def hybrid_is_not_worse_than_its_parts() -> dg.AssetCheckResult:
    """Say why the old release stays; warn where there was none to keep."""
    verdict, kept = gate_in_words(Workshop.open())
    return dg.AssetCheckResult(
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if kept else dg.AssetCheckSeverity.WARN,
        description=verdict.words,
    )


CHECKS = [
    history_files_are_readable,
    interactions_are_unique_and_complete,
    song_ids_are_dense,
    features_are_in_range,
    release_answers,
    hybrid_is_not_worse_than_its_parts,
]
