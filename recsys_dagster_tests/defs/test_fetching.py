"""Fetching as the pipeline does it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from recsys_dagster.definitions import defs
from recsys_dagster.defs.automation import nightly_fetch
from recsys_dagster.defs.fetching import lastfm_history, listenbrainz_history
from recsys_dagster.web.session import Web
from recsys_dagster_tests.listening.services.fake_lastfm import KEY, FakeLastfm, Scrobble
from recsys_dagster_tests.listening.services.fake_listenbrainz import FakeListenbrainz, LbListen
from recsys_dagster_tests.listening.services.helpers import published
from recsys_dagster_tests.serving import Fault

pytestmark = pytest.mark.slow

ASSETS = [lastfm_history, listenbrainz_history]
START = 1_600_000_000


@pytest.fixture
def lastfm(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLastfm]:
    """A Last.fm with two users; waits are skipped."""
    monkeypatch.setattr(Web, "_wait", lambda *_: None)
    with FakeLastfm(rj=[Scrobble(START)], anna=[Scrobble(START), Scrobble(START + 9)]) as fake:
        monkeypatch.setenv("LASTFM_API_URL", fake.url)
        monkeypatch.setenv("LASTFM_API_KEY", KEY)
        yield fake


def failure(asset: dg.AssetsDefinition, instance: dg.DagsterInstance) -> dg.Failure:
    with dg.build_asset_context(instance=instance) as context, pytest.raises(dg.Failure) as caught:
        asset(context)
    return caught.value


def metadata(result: dg.ExecuteInProcessResult, name: str) -> dict[str, Any]:
    (event,) = [
        event.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(name)
    ]
    return {key: value.value for key, value in event.metadata.items()}


def test_with_nobody_named_nothing_is_asked(instance: dg.DagsterInstance) -> None:
    result = dg.materialize(ASSETS, instance=instance)
    assert result.success
    assert metadata(result, "lastfm_history") == {"users": "none: LASTFM_USERS names nobody"}
    assert "LISTENBRAINZ_USERS" in metadata(result, "listenbrainz_history")["users"]


def test_the_job_fetches_all_users_of_both_services(
    lastfm: FakeLastfm,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LASTFM_USERS", "rj,anna")
    monkeypatch.setenv("LISTENBRAINZ_USERS", "rob")
    with FakeListenbrainz(rob=[LbListen(START, "m")]) as listenbrainz:
        monkeypatch.setenv("LISTENBRAINZ_API_URL", listenbrainz.url)
        job = defs.resolve_job_def("fetch_histories")
        result = job.execute_in_process(instance=instance)
    found = metadata(result, "lastfm_history")
    assert "| rj | 1 |" in found["new listens"]
    assert "| anna | 2 |" in found["new listens"]
    assert found["pages"] == 2
    assert "2020.jsonl" in found["files"]
    data = tmp_path / "data"
    assert len(published(data, "lastfm", "anna")) == 2
    assert len(published(data, "listenbrainz", "rob")) == 1
    assert instance.get_latest_materialization_event(dg.AssetKey("history_files"))
    assert lastfm.asked


def test_one_user_does_not_stop_the_others(
    lastfm: FakeLastfm,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LASTFM_USERS", "nobody,anna,no-one")
    failed = failure(lastfm_history, instance)
    assert len((failed.description or "").splitlines()) == 2
    assert "does not know the user 'nobody'" in (failed.description or "")
    assert "| anna | 2 |" in str(failed.metadata["new listens"].value)
    assert failed.allow_retries is False
    assert len(published(tmp_path / "data", "lastfm", "anna")) == 2
    assert lastfm.asked


def test_only_what_passes_is_tried_again(
    lastfm: FakeLastfm, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTFM_USERS", "rj,anna")
    lastfm.faults.extend([Fault(503)] * 6)
    failed = failure(lastfm_history, instance)
    assert failed.allow_retries is True
    assert KEY not in str(failed.description)
    monkeypatch.delenv("LASTFM_API_KEY")
    assert failure(lastfm_history, instance).allow_retries is False


def test_the_schedule_fetches_every_night() -> None:
    assert nightly_fetch.cron_schedule == "0 3 * * *"
    assert nightly_fetch.execution_timezone == "UTC"
    assert nightly_fetch.job_name == "fetch_histories"
    assert nightly_fetch.default_status == dg.DefaultScheduleStatus.STOPPED


def test_fetching_is_no_part_of_the_main_job() -> None:
    job = defs.resolve_job_def("everything")
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert not {"lastfm_history", "listenbrainz_history"} & keys


def test_listens_come_from_the_files_and_these_from_the_services() -> None:
    graph = defs.resolve_asset_graph()
    files = graph.get(dg.AssetKey("history_files"))
    assert not files.is_materializable
    assert files.description
    assert files.parent_keys == {asset.key for asset in ASSETS}
    assert graph.get(dg.AssetKey("listens")).parent_keys == {files.key}
