"""A clock that jumps by years, forward and back, between runs and during one."""

import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.batches import FeatureBatches
from recsys_dagster.recommend import Recommender
from recsys_dagster.settings import load_settings
from recsys_dagster.storage import releases as module
from recsys_dagster.storage.releases import Releases
from recsys_dagster.workshop import RETRY_AT, Workshop
from recsys_dagster_tests.reliability.killing import time_stages

NOW = 1_800_000_000.0
YEAR = 365 * 86_400.0


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, _: float, /) -> None:
        raise AssertionError


def publish(releases: Releases, note: str) -> str:
    with releases.build() as building:
        (building / "note").write_text(note, encoding="utf-8")
        return releases.publish(building, figures={}, demo=True, check=lambda _: None).id


def test_the_newest_release_sorts_first_whatever_the_clock_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases, ids = Releases(tmp_path / "releases"), []
    for number, years in enumerate((0, 10, 0, -40)):

        class Jumped(datetime):
            @classmethod
            def now(cls, tz: object = None, years: int = years) -> datetime:  # type: ignore[override]  # noqa: ARG003
                return datetime.now(UTC) + timedelta(days=365 * years)

        with monkeypatch.context() as patched:
            patched.setattr(module, "datetime", Jumped)
            ids.append(publish(releases, str(number)))
        assert releases.ids()[0] == releases.current_id() == ids[-1]
    assert ids == sorted(ids)
    assert (releases.open(ids[2]).created_at - datetime.now(UTC)) < timedelta(days=1)


def test_a_folder_with_the_name_of_no_time_stops_nothing(tmp_path: Path) -> None:
    releases = Releases(tmp_path / "releases")
    (tmp_path / "releases" / "99999999-999999-0123abcd").mkdir(parents=True)
    assert publish(releases, "one") == releases.current_id()


def test_answers_and_blocks_of_a_clock_ahead_by_years_are_not_kept_for_years(
    tmp_path: Path,
) -> None:
    clock = Clock(NOW + 15 * YEAR)
    answers = Answers(tmp_path / "a.sqlite", "somewhere", clock)
    answers.keep("id", {"x": 1}, 30 * 86_400)
    answers.block("search", clock.now + 3_600, "quota")
    assert answers.known("id", ["x"]) == {"x": 1}
    clock.now = NOW
    assert answers.known("id", ["x"]) == {}
    assert answers.blocked_until("search") is None
    answers.close()
    clock.now = NOW + 15 * YEAR
    answers = Answers(tmp_path / "a.sqlite", "somewhere", clock)
    assert answers.known("id", ["x"]) == {"x": 1}
    clock.now = 86_400.0  # a clock that has lost its battery is no reason to ask all anew
    assert answers.known("id", ["x"]) == {"x": 1}
    answers.close()


def test_a_batch_is_not_put_off_for_years(tmp_path: Path) -> None:
    songs = pl.DataFrame(
        {"song_id": [0], "song_key": ["k"], "artist": ["A"], "title": ["T"],
         "spotify_ids": [[]], "batch": [0]},
        schema_overrides={"spotify_ids": pl.List(pl.String)},
    )  # fmt: skip
    clock = Clock(NOW)
    batches = FeatureBatches(songs, tmp_path, [], clock)
    batches.fill(0)
    assert batches.pending() == []
    table = pl.read_parquet(batches.path(0))
    told = pl.read_parquet_metadata(batches.path(0))
    for ahead, pending in ((3_600, []), (15 * YEAR, [0])):
        metadata = {"recsys.retry_at": str(NOW + ahead)}
        metadata |= {name: value for name, value in told.items() if name.startswith("recsys")}
        table.write_parquet(batches.path(0), metadata=metadata)
        assert batches.pending() == pending


@pytest.mark.slow
def test_times_in_the_future_do_no_harm(
    demo_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files from the future are known by their content; a stage is not put off for years."""
    data_dir = tmp_path / "data"
    shutil.copytree(demo_world, data_dir)
    ahead = time.time() + 10 * YEAR
    for path in data_dir.rglob("*"):
        os.utime(path, (ahead, ahead))
    monkeypatch.setenv("RECSYS_DATA_DIR", str(data_dir))
    shop = Workshop(load_settings(data_dir))
    assert shop.stale() == []
    assert Recommender.open(data_dir).popular(1)
    stamp = data_dir / "cache" / "stages" / "audio_features.json"
    document = json.loads(stamp.read_text(encoding="utf-8"))
    document["facts"][RETRY_AT] = ahead
    stamp.write_text(json.dumps(document), encoding="utf-8")
    assert shop.stale()[0] == "audio_features"
    assert all(seconds >= 0 for seconds in time_stages(data_dir).values())
    assert shop.stale() == []
