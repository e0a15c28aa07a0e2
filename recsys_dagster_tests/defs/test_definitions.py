"""The pipeline as Dagster sees it."""

import dagster as dg
import pytest

from recsys_dagster.definitions import defs
from recsys_dagster.workshop import STAGES

ORDER = [
    "listens",
    "user_song_interactions",
    "unique_songs",
    "spotify_audio_features",
    "audio_features",
    "svd_model",
    "item_neighbours",
    "knn_index",
    "ranker",
    "evaluation",
    "recommender_release",
    "user_recommendations",
]
FETCHES = ["lastfm_history", "listenbrainz_history"]
GRAPH = defs.resolve_asset_graph()


def parents(name: str) -> set[str]:
    """The assets that an asset is made of."""
    return {key.to_user_string() for key in GRAPH.get(dg.AssetKey(name)).parent_keys}


def test_every_stage_of_the_design_is_an_asset() -> None:
    made = {key.to_user_string() for key in GRAPH.materializable_asset_keys}
    assert made == {*ORDER, *FETCHES}


@pytest.mark.parametrize("name", [*ORDER, *FETCHES])
def test_assets_say_what_they_are(name: str) -> None:
    node = GRAPH.get(dg.AssetKey(name))
    assert node.group_name in {"listening", "audio", "models", "quality", "release"}
    assert node.description
    assert len(node.description) > 40
    assert node.kinds
    assert node.code_version


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_dagster_and_the_stamps_agree_on_what_depends_on_what(stage: object) -> None:
    """A stage that reads what Dagster does not know of would run before it is there."""
    name, upstream = stage.name, set(stage.upstream)  # type: ignore[attr-defined]
    assert upstream <= parents(name) | ancestors(name)
    assert GRAPH.get(dg.AssetKey(name)).code_version == stage.code_version  # type: ignore[attr-defined]


def ancestors(name: str) -> set[str]:
    """All the assets that an asset depends on."""
    found = parents(name)
    return found.union(*(ancestors(parent) for parent in found))


def test_the_lineage_goes_from_listens_to_the_release() -> None:
    assert ancestors("user_recommendations") >= set(ORDER[:-1])
    assert "unique_songs" in parents("audio_features")


def test_the_job_is_everything_but_the_partitions() -> None:
    job = defs.resolve_job_def("everything")
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert keys == set(ORDER) - {"spotify_audio_features"}
    assert job.partitions_def is None


def test_blocking_checks_guard_what_comes_after() -> None:
    blocking = {
        spec.asset_key.to_user_string()
        for check in defs.asset_checks or []
        for spec in check.check_specs
        if spec.blocking
    }
    assert blocking == {
        "user_song_interactions",
        "unique_songs",
        "audio_features",
        "recommender_release",
    }


def test_nothing_runs_by_itself_until_it_is_switched_on() -> None:
    repository = defs.get_repository_def()
    schedules = {one.name: one.default_status for one in repository.schedule_defs}
    sensors = {one.name: one.default_status for one in repository.sensor_defs}
    assert {"nightly_fetch", "weekly_refresh", "daily_housekeeping"} == {*schedules}
    assert {"new_raw_files", "enough_is_new", "alert_on_failure"} < {*sensors}
    assert {*schedules.values()} == {dg.DefaultScheduleStatus.STOPPED}
    assert {*sensors.values()} == {dg.DefaultSensorStatus.STOPPED}
