import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st

from recsys_dagster import overview
from recsys_dagster.overview import CURRENT, MISSING, STALE, ReleaseState, StageState
from recsys_dagster.settings import load_settings
from recsys_dagster_tests.streamlit_app.driving import page, run, words
from streamlit_app.parts import stages


@pytest.fixture(autouse=True)
def _forget() -> None:
    st.cache_data.clear()


@pytest.fixture
def world(demo_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the released demo world, in the settings."""
    data = Path(shutil.copytree(demo_world, tmp_path / "world"))
    monkeypatch.setenv("RECSYS_DATA_DIR", str(data))
    return data


def everything_in(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file()
    }


def read() -> overview.Overview:
    return overview.read_overview(load_settings())


def test_of_a_released_world_all_is_told_and_nothing_touched(world: Path) -> None:
    before = everything_in(world)
    seen = run(page("pipeline"))
    said = words(seen)
    assert "Everything is up to date" in said
    assert "No batch of songs is pending" in said
    assert "1 release, newest first" in said
    tables = [table.value for table in seen.dataframe]
    assert len(tables[0]) == len(stages.NAMES) == 11
    assert set(tables[0]["State"]) == {"✓ up to date"}
    assert tables[-1]["Made from"][0]
    assert everything_in(world) == before


def test_what_a_new_history_makes_stale_is_said(world: Path) -> None:
    (world / "raw/history/more.csv").write_text("artist,album,track,date\nA,,B,01 Jan 2021 10:00\n")
    assert "11 stages have to be done, from Listens on" in words(run(page("pipeline")))


def test_pending_batches_are_counted(world: Path) -> None:
    next((world / "tables/audio_features").glob("*.parquet")).unlink()
    assert "1 batch of 500 songs is still to be looked up" in words(run(page("pipeline")))


@pytest.mark.slow
def test_an_empty_folder_says_how_to_begin(tmp_path: Path) -> None:
    seen = run(page("pipeline"))
    assert "Nothing has been made yet" in words(seen)
    assert "Nothing has been released yet" in words(seen)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("tables/songs.parquet", "cannot be told"),
        ("tables/audio_features.parquet", "The coverage cannot be told"),
        ("releases/{release}/manifest.json", "is damaged"),
        ("cache/stages/svd_model.json", None),
        ("releases/CURRENT", None),
    ],
)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe[{"])
def test_broken_files_give_words(
    world: Path, broken: str, said: str | None, content: bytes
) -> None:
    (release,) = [path.name for path in (world / "releases").iterdir() if path.is_dir()]
    (world / broken.format(release=release)).write_bytes(content)
    seen = run(page("pipeline"))
    notes = [str(note) for table in seen.dataframe for note in table.value.get("Note", ())]
    if said:
        assert said in words(seen) + "".join(notes)


def test_the_link_goes_where_the_settings_say(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_PIPELINE_URL", "https://pipeline.example/ui")
    (link,) = run(page("pipeline")).get("link_button")
    assert link.proto.url == "https://pipeline.example/ui"
    assert world.exists()


def test_no_other_kind_of_link_is_taken(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_PIPELINE_URL", "javascript:alert(1)")
    seen = run(page("pipeline"))
    assert "RECSYS\\_PIPELINE\\_URL is wrong" in words(seen)
    assert not seen.get("link_button")
    assert world.exists()


def test_a_stage_says_when_it_was_made(world: Path) -> None:
    stamp = world / "cache/stages/listens.json"
    os.utime(stamp, (time.time(), 1_700_000_000))
    made = {one.name: one.made_at for one in read().stages}
    assert made["listens"] == datetime.fromtimestamp(1_700_000_000, UTC)


NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_rows_of_stages() -> None:
    states = [StageState("listens", CURRENT, NOW - timedelta(days=2)),
              StageState("ranker", STALE, NOW), StageState("a_new_one", MISSING, None)]  # fmt: skip
    rows = stages.stage_rows(states, NOW)
    assert [row["Made"] for row in rows] == ["2 days ago", "just now", ""]
    assert [row["Stage"] for row in rows] == ["Listens", "Ranker", "a_new_one"]
    found = overview.Overview(tuple(states), (), None, {}, ())
    assert stages.in_short(found).startswith("2 stages have to be done, from Ranker on")
    assert stages.pending(found) == "How many batches are pending cannot be told."


def test_rows_of_releases_that_hold_less_than_they_should() -> None:
    # fmt: off
    odd = [ReleaseState("a", True, NOW, True, "4f", {"listens": 7, "ndcg@10": {"hybrid": 0.25}}),
           ReleaseState("b", False, figures={"listens": "7", "ndcg@10": 3}, problem="broken")]
    # fmt: on
    first, second = stages.release_rows(odd, NOW)
    assert (first["Listens"], first["NDCG@10"], first["Made from"]) == (7, 0.25, "4f")
    assert (second["Listens"], second["NDCG@10"], second["Note"]) == (None, None, "broken")
