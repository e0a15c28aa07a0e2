"""Batches of audio features as partitions: kept in step, run one by one or as a range."""

import time
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from recsys_dagster.defs.audio import audio_features, spotify_audio_features
from recsys_dagster.defs.listening import unique_songs
from recsys_dagster.defs.partitions import SONG_BATCHES, batch_key, register_batches
from recsys_dagster.workshop import Workshop
from recsys_dagster_tests.audio.fake_reccobeats import FakeReccobeats
from recsys_dagster_tests.serving import Fault

BATCHES = "song_batches"


def songs(batches: list[int]) -> pl.DataFrame:
    """Songs of some batches."""
    return pl.DataFrame({"batch": batches}, schema={"batch": pl.Int32})


@pytest.mark.slow
def test_partitions_are_kept_in_step_both_ways(instance: dg.DagsterInstance) -> None:
    register_batches(instance, songs([0, 0, 1, 2]))
    assert list(instance.get_dynamic_partitions(BATCHES)) == ["00000", "00001", "00002"]
    register_batches(instance, songs([0, 1, 3]))
    assert sorted(instance.get_dynamic_partitions(BATCHES)) == ["00000", "00001", "00003"]


@pytest.mark.slow
def test_many_partitions_are_registered_at_once(instance: dg.DagsterInstance) -> None:
    """More keys than SQLite takes in one go."""
    register_batches(instance, songs(list(range(40_000))))
    assert len(instance.get_dynamic_partitions(BATCHES)) == 40_000


def test_a_batch_can_be_done_again_on_its_own(shop: Workshop, instance: dg.DagsterInstance) -> None:
    register_batches(instance, pl.read_parquet(shop.layout.songs))
    batch = shop.layout.feature_batches / "batch=00001.parquet"
    before = batch.read_bytes()
    batch.unlink()
    done = dg.materialize(
        [unique_songs, spotify_audio_features],
        selection=[spotify_audio_features],
        partition_key=batch_key(1),
        instance=instance,
    )
    assert done.success
    assert batch.read_bytes() == before
    event = instance.get_latest_materialization_event(spotify_audio_features.key)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.partition == "00001"
    assert "dagster/partition_row_count" in event.asset_materialization.metadata


def test_a_batch_tells_what_was_found_what_is_missing_and_what_it_took(
    shop: Workshop, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_batches(instance, pl.read_parquet(shop.layout.songs))
    monkeypatch.setenv("RECSYS_FEATURE_SOURCES", "catalogue,reccobeats")
    blocked = Fault(429, {"status": 4291}, {"Retry-After": "86400"})
    with FakeReccobeats([]) as fake:
        monkeypatch.setenv("RECCOBEATS_API_URL", fake.url)
        fake.faults.append(blocked)
        done = dg.materialize(
            [spotify_audio_features], partition_key=batch_key(0), instance=instance
        )
    (event,) = done.get_asset_materialization_events()
    told: dict[str, Any] = {
        name: value.value for name, value in event.materialization.metadata.items()
    }
    table = pl.read_parquet(shop.layout.feature_batches / "batch=00000.parquet", glob=False)
    found = table.filter(pl.col("status") == "found").height
    assert told["songs with features"] == found
    assert f"| catalogue | {found} | 100.0% |" in str(told["found by source"])
    assert f"| blocked | {table.height - found} | 100.0% |" in str(told["missing by reason"])
    assert "| reccobeats | 1 |" in str(told["requests"])
    assert "catalogue" not in str(told["requests"])
    assert told["seconds"] >= 0
    assert told["to be done again from"] == pytest.approx(time.time() + 86_400, abs=600)


def test_a_range_of_batches_is_one_run(shop: Workshop, instance: dg.DagsterInstance) -> None:
    register_batches(instance, pl.read_parquet(shop.layout.songs))
    keys = list(instance.get_dynamic_partitions(BATCHES))
    done = dg.materialize(
        [spotify_audio_features],
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": keys[0],
            "dagster/asset_partition_range_end": keys[-1],
        },
    )
    assert done.success
    assert instance.get_materialized_partitions(spotify_audio_features.key) == set(keys)


def test_gathering_finishes_what_is_pending_and_tells_of_it(
    shop: Workshop, instance: dg.DagsterInstance
) -> None:
    before = shop.layout.features.read_bytes()
    kept = shop.layout.feature_batches / "batch=00000.parquet"
    written = kept.stat().st_mtime_ns
    (shop.layout.feature_batches / "batch=00001.parquet").unlink()
    shop.layout.features.unlink()
    register_batches(instance, pl.read_parquet(shop.layout.songs))
    assert dg.materialize([audio_features], instance=instance).success
    assert shop.layout.features.read_bytes() == before
    assert kept.stat().st_mtime_ns == written
    told = instance.get_materialized_partitions(spotify_audio_features.key)
    assert told == set(instance.get_dynamic_partitions(BATCHES))


def test_partition_names_sort_as_numbers() -> None:
    assert SONG_BATCHES.name == BATCHES
    keys = [batch_key(number) for number in range(0, 20_000, 7)]
    assert keys == sorted(keys)


def test_songs_bring_their_partitions(world: Path, instance: dg.DagsterInstance) -> None:
    assert dg.materialize([unique_songs], instance=instance).success
    batches = pl.read_parquet(world / "tables" / "songs.parquet")["batch"].n_unique()
    assert len(instance.get_dynamic_partitions(BATCHES)) == batches
