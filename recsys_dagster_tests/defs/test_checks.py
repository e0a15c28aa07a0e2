"""Asset checks: quiet on a sound world, and loud on each thing that they guard against."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from recsys_dagster.defs import checks
from recsys_dagster.workshop import Workshop


def result(check: dg.AssetChecksDefinition) -> dg.AssetCheckResult:
    """What a check finds in the data folder of the settings."""
    found = check()
    assert isinstance(found, dg.AssetCheckResult)
    return found


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.node_def.name)
def test_a_sound_world_passes(check: dg.AssetChecksDefinition, world: Path) -> None:
    assert world.is_dir()
    found = result(check)
    assert found.passed, found.description


def change(path: Path, how: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Rewrite a table."""
    how(pl.read_parquet(path)).write_parquet(path)


def test_a_pair_that_stands_twice_is_found(shop: Workshop) -> None:
    change(shop.layout.interactions, lambda table: pl.concat([table, table.head(1)]))
    found = result(checks.interactions_are_unique_and_complete)
    assert not found.passed
    assert "1 of them twice" in str(found.description)


def test_a_lost_listen_is_found(shop: Workshop) -> None:
    change(shop.layout.interactions, lambda table: table.slice(1))
    assert not result(checks.interactions_are_unique_and_complete).passed


def test_a_gap_in_the_ids_is_found(shop: Workshop) -> None:
    change(shop.layout.songs, lambda table: table.filter(pl.col("song_id") != 3))
    found = result(checks.song_ids_are_dense)
    assert not found.passed
    assert "with gaps" in str(found.description)


def test_a_song_that_stands_twice_is_found(shop: Workshop) -> None:
    keys = pl.when(pl.col("song_id") == 1).then(pl.col("song_key").first()).otherwise("song_key")
    change(shop.layout.songs, lambda table: table.with_columns(keys.alias("song_key")))
    assert not result(checks.song_ids_are_dense).passed


@pytest.mark.parametrize(("name", "value"), [("energy", 1.7), ("loudness", 40.0), ("key", 12.0)])
def test_an_impossible_feature_is_found(shop: Workshop, name: str, value: float) -> None:
    one = pl.when(pl.col("song_id") == 5).then(value).otherwise(name).alias(name)
    change(shop.layout.features, lambda table: table.with_columns(one))
    found = result(checks.features_are_in_range)
    assert not found.passed
    assert name in str(found.description)


def test_a_damaged_release_is_found(shop: Workshop) -> None:
    release = shop.layout.releases / str(shop.releases.current_id())
    (release / "songs.parquet").write_bytes(b"")
    found = result(checks.release_answers)
    assert not found.passed
    assert "songs.parquet" in str(found.description)


def test_a_failed_check_stops_what_comes_after(
    shop: Workshop, instance: dg.DagsterInstance
) -> None:
    from recsys_dagster.definitions import defs

    stamp = shop.stamps.read("listens")
    assert stamp is not None
    shop.stamps.write(
        "listens", stamp.fingerprint, [shop.layout.listens], {**stamp.facts, "listens": 1}
    )
    done = defs.resolve_job_def("everything").execute_in_process(
        instance=instance, raise_on_error=False
    )
    assert not done.success
    assert done.get_asset_materialization_events()
    names = {event.asset_key.to_user_string() for event in done.get_asset_materialization_events()
             if event.asset_key}  # fmt: skip
    assert "user_song_interactions" in names
    assert "recommender_release" not in names
    assert "user_song_interactions" in shop.stale()  # running again must not pass it by
