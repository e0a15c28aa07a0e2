"""What schedules, sensors and conditions ask for, and when."""

from pathlib import Path

import dagster as dg
import pytest

import recsys_dagster.definitions as code_location
from recsys_dagster.defs.audio import spotify_audio_features
from recsys_dagster.defs.automation import enough_is_new, new_raw_files, weekly_refresh
from recsys_dagster.defs.jobs import take_in
from recsys_dagster.defs.partitions import register_batches
from recsys_dagster.defs.stages import FULL
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.tables import read_table
from recsys_dagster.workshop import STAGES, Workshop

HEADER = ",Username,Artist,Track,Album,Date,Time\n"


def look(cursor: str | None) -> dg.SensorResult:
    """One evaluation of the sensor on raw files."""
    found = new_raw_files(dg.build_sensor_context(cursor=cursor))
    assert isinstance(found, dg.SensorResult)
    return found


def asked(found: dg.SensorResult) -> list[str | None]:
    """The jobs that it asks for."""
    return [request.job_name for request in found.run_requests or []]


def settle(cursor: str | None) -> tuple[dg.SensorResult, str | None]:
    """Two looks, the second of which sees the same."""
    second = look(look(cursor).cursor)
    return second, second.cursor


def test_a_change_counts_once_it_has_come_to_rest(world: Path) -> None:
    first = look(None)
    assert not first.run_requests
    second = look(first.cursor)
    assert asked(second) == ["everything"]
    third = look(second.cursor)
    assert not third.run_requests
    new = world / "raw" / "features" / "more.csv"
    new.write_text("artist,title,energy\n")
    growing = look(third.cursor)
    assert not growing.run_requests
    new.write_text("artist,title,energy\nA,B,0.5\n")
    still_growing = look(growing.cursor)
    assert not still_growing.run_requests
    at_rest = look(still_growing.cursor)
    assert asked(at_rest) == ["everything"]
    assert not look(at_rest.cursor).run_requests


def test_new_histories_are_taken_in_alone(world: Path) -> None:
    _, cursor = settle(None)
    new = world / "raw" / "history" / "demo" / "new.csv"
    new.write_text(HEADER + "0,a,B,C,D,01 Jan 2026, 10:00\n")
    found, _ = settle(cursor)
    assert asked(found) == ["take_in"]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("cursor", ["", "0 1", "[]", '{"done": 1}', "\u2028"])
def test_a_cursor_of_an_earlier_version_is_begun_anew(cursor: str) -> None:
    assert asked(settle(cursor)[0]) == ["everything"]


def test_nothing_in_raw_is_said_so(tmp_path: Path) -> None:
    assert not (tmp_path / "data").exists()
    found = look(None)
    assert not found.run_requests
    assert found.skip_reason
    assert "Nothing" in str(found.skip_reason.skip_message)


def enough() -> dg.SensorResult:
    found = enough_is_new()
    assert isinstance(found, dg.SensorResult)
    return found


def hear(shop: Workshop, share: float) -> None:
    """Let more listens have been taken in."""
    stamp = shop.stamps.read("listens")
    assert stamp is not None
    listens = stamp.facts["listens"] * (1 + share)
    facts = {**stamp.facts, "listens": round(listens)}
    (shop.layout.listens / "more.parquet").write_bytes(b"")
    shop.stamps.write("listens", stamp.fingerprint, [shop.layout.listens], facts)


def test_models_are_refreshed_when_enough_is_new_and_once(shop: Workshop) -> None:
    assert enough().skip_reason
    hear(shop, 0.005)
    few = enough()
    assert not few.run_requests
    assert "0.50%" in str(few.skip_reason and few.skip_reason.skip_message)
    hear(shop, 0.02)
    many = [enough().run_requests for _ in range(2)]
    assert all(many)
    assert many[0][0].run_key == many[1][0].run_key  # type: ignore[index]


def test_a_first_release_waits_for_nothing(shop: Workshop) -> None:
    shop.stamps.forget("recommender_release")
    assert enough().run_requests


def test_without_listens_nothing_is_refreshed() -> None:
    assert enough().skip_reason


@pytest.mark.slow
def test_the_week_learns_in_full() -> None:
    with dg.instance_for_test() as instance:
        request = weekly_refresh(dg.build_schedule_context(instance=instance))
    assert isinstance(request, dg.RunRequest)
    assert request.tags[FULL] == "true"


def test_taking_in_makes_no_model() -> None:
    job = code_location.defs.resolve_job_def(take_in.name)
    made = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert made == {"listens", "user_song_interactions", "unique_songs"}


def requested(instance: dg.DagsterInstance) -> set[str | None]:
    """The batches that the condition asks for."""
    found = dg.evaluate_automation_conditions(code_location.defs, instance)
    return set(found.get_requested_partitions(spotify_audio_features.key))


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")  # inside Dagster itself
def test_batches_that_are_pending_on_disk_are_asked_for(
    shop: Workshop, instance: dg.DagsterInstance
) -> None:
    register_batches(instance, read_table(shop.layout.songs))
    assert requested(instance) == set()
    (shop.layout.feature_batches / "batch=00001.parquet").unlink()
    assert requested(instance) == {"00001"}


@pytest.mark.parametrize(
    ("text", "on"), [("on", True), ("off", False), ("true", True), ("0", False)]
)
def test_one_setting_switches_it_on(monkeypatch: pytest.MonkeyPatch, text: str, on: bool) -> None:
    monkeypatch.setenv("RECSYS_AUTOMATION", text)
    assert load_settings().automation is on


def test_stages_are_those_of_the_jobs() -> None:
    """A stage that no job makes would never be refreshed."""
    job = code_location.defs.resolve_job_def("everything")
    made = {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
    assert made >= set(STAGES)
