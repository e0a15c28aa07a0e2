"""A service that blocks: the run ends well, and a later one asks for what is missing."""

import dataclasses
import json
import time
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.audio.answers import Answers
from recsys_dagster.defs.running import run_everything
from recsys_dagster.settings import load_settings
from recsys_dagster.status import read_status
from recsys_dagster.workshop import RETRY_AT, STAGES, Workshop
from recsys_dagster_tests.audio.fake_reccobeats import FakeReccobeats
from recsys_dagster_tests.serving import Fault

DAY = 86_400


@pytest.mark.slow
def test_a_service_that_blocks_for_a_day_is_asked_when_the_day_is_over(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(world / "dagster"))
    monkeypatch.setenv("RECSYS_FEATURE_SOURCES", "catalogue,reccobeats")
    monkeypatch.setenv("RECCOBEATS_INTERVAL", "0")
    with FakeReccobeats([]) as fake:
        monkeypatch.setenv("RECCOBEATS_API_URL", fake.url)
        fake.faults.append(Fault(429, {"status": 4291}, {"Retry-After": str(DAY)}))
        outcome = run_everything()
        assert "audio_features" in outcome.done
        assert any("ReccoBeats" in remark for remark in outcome.remarks)
        assert len(fake.asked) == 1
        table = pl.read_parquet(world / "tables" / "audio_features.parquet")
        assert set(table["status"]) == {"found", "blocked"}
        assert read_status(load_settings(world))["missing_by_reason"].keys() == {"blocked"}
        assert run_everything().done == ()  # the day is not over
        assert len(fake.asked) == 1
        later = time.time() + DAY + 60
        monkeypatch.setattr(time, "time", lambda: later)
        assert "audio_features" in Workshop.open().stale()
        run_everything()
        assert len(fake.asked) > 1
        missing = read_status(load_settings(world))["missing_by_reason"]
        assert missing.keys() == {"not_found"}
        assert Workshop.open().stale() == []


def test_a_stage_is_due_again_when_its_time_has_come(shop: Workshop) -> None:
    stage = STAGES["audio_features"]
    stamp = shop.stamps.read(stage.name)
    assert stamp is not None
    path = shop.layout.stamps / "audio_features.json"
    for at, due in ((time.time() - 1, True), (time.time() + 60, False), (None, False)):
        changed = dataclasses.replace(stamp, facts={**stamp.facts, RETRY_AT: at})
        path.write_text(json.dumps(dataclasses.asdict(changed)))
        assert (stage.name in shop.stale()) == due


def test_a_run_deletes_expired_answers_also_of_a_source_that_is_not_asked(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(world / "dagster"))
    path = world / "cache" / "answers" / "spotify.sqlite"
    answers = Answers(path, "spotify")
    answers.keep("audio-features", {"x": "of last week"}, 0)
    answers.close()
    assert run_everything().done == ()
    assert b"of last week" not in path.read_bytes()
