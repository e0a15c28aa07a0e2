"""Disks that are full, cannot be written, or go; `full_disk` as a program tries every stage."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import streamlit_app
from recsys_dagster.overview import read_overview
from recsys_dagster.settings import load_settings
from recsys_dagster_tests.commands import recsys
from recsys_dagster_tests.crashing import World
from recsys_dagster_tests.reliability.disks import read_only, small_disk
from recsys_dagster_tests.reliability.full_disk import SIZE, wrong_when_full
from recsys_dagster_tests.reliability.killing import finish

APP = str(Path(streamlit_app.__file__).with_name("app.py"))
pytestmark = pytest.mark.slow
READING = (
    ("status",), ("evaluate",), ("releases",), ("search", "a"),
    ("recommend", "--user", "listener_001"),
)  # fmt: skip


def test_a_disk_that_fills_up_under_way_loses_nothing(demo_world: Path, tmp_path: Path) -> None:
    """The stages before are done; what fails is the ranker, the release or Dagster's own log."""
    before = tmp_path / "before"
    shutil.copytree(demo_world, before)
    for stage in ("recommender_release", "user_recommendations"):
        (before / "cache" / "stages" / f"{stage}.json").unlink()
    world = World("refresh", before, demo_world, {})
    with small_disk(tmp_path / "disk", SIZE) as disk:
        wrong = wrong_when_full(world, ["recommender_release"], disk)
    assert wrong == {"recommender_release": [], "at last": []}


def test_a_disk_without_names_is_full_too(demo_world: Path, tmp_path: Path) -> None:
    files = sum(1 for _ in demo_world.rglob("*"))
    with small_disk(tmp_path / "disk", "size=200m", f"nr_inodes={files + 12}") as disk:
        shutil.copytree(demo_world, disk / "data")
        (disk / "data" / "cache" / "stages" / "recommender_release.json").unlink()
        done = recsys("run", "--data-dir", disk / "data")
    assert done.code == 1
    assert "The disk is full" in done.err.splitlines()[-1]
    assert "more files (inodes)" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


def test_a_folder_that_cannot_be_written_is_read_all_the_same(
    demo_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_FEATURE_SOURCES", "catalogue,reccobeats")
    with read_only(demo_world, tmp_path / "ro") as folder:
        refused = recsys("run", "--data-dir", folder)
        assert refused.code == 1
        assert refused.err.startswith("Nothing can be written to")
        assert len(refused.err.splitlines()) == 1
        for command in READING:
            asked = recsys(*command, "--json", "--data-dir", folder)
            assert asked.code == 0, asked.err
            assert asked.err == ""
            assert asked.json
        assert read_overview(load_settings(folder)).troubles == ()
        monkeypatch.setenv("RECSYS_DATA_DIR", str(folder))
        app = AppTest.from_file(APP, default_timeout=60).run()
        assert not app.exception
        assert not app.error


@pytest.mark.parametrize("moment", ["begins user_recommendations", "stamps user_recommendations"])
def test_a_folder_that_is_deleted_under_way_does_not_come_back(
    demo_world: Path, tmp_path: Path, moment: str
) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(demo_world, data_dir)
    (data_dir / "cache" / "stages" / "user_recommendations.json").unlink()
    done = finish(data_dir, (moment, "remove", str(data_dir)))
    assert done.code == 1
    assert "was deleted or moved while it was in use" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err
    assert not list(data_dir.rglob("*.json"))
