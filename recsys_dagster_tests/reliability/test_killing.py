"""A small form of `python -m recsys_dagster_tests.crashing`: kills in a few stages of two runs."""

import random
import shutil
from pathlib import Path

import pytest

from recsys_dagster import workshop
from recsys_dagster_tests.commands import recsys
from recsys_dagster_tests.crashing import FEW, World, add_history, copy_raw, disturb, wrong_after
from recsys_dagster_tests.reliability.killing import finish, time_stages

pytestmark = pytest.mark.slow
STAGES = {
    "first run": ["listens", "audio_features", "item_neighbours"],
    "small refresh": ["unique_songs", "svd_model", "recommender_release"],
}
SECONDS = dict.fromkeys(workshop.STAGES, 0.2)


@pytest.mark.parametrize("name", STAGES)
def test_a_run_that_was_killed_ends_as_if_it_had_not_been(
    demo_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    before, wanted = tmp_path / "before", demo_world
    if name == "first run":
        copy_raw(demo_world, before)
    else:
        shutil.copytree(demo_world, before)
        add_history(before, FEW)
        wanted = tmp_path / "wanted"
        shutil.copytree(before, wanted)
        time_stages(wanted)
    world = World(name, before, wanted, SECONDS)
    data_dir = tmp_path / "disturbed"
    shutil.copytree(before, data_dir)
    fell = disturb(world, data_dir, STAGES[name], random.Random(name))
    assert fell.total() - fell["over"] >= len(STAGES[name]) - 1, fell
    assert wrong_after(world, data_dir, temporary) == []


def test_a_run_has_the_settings_of_the_test_that_starts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recsys("--version").code == 0  # so that there is a server to fork from
    monkeypatch.setenv("RECSYS_KEEP_RUNS", "no number")
    done = finish(tmp_path / "data")
    assert done.code == 1
    assert "RECSYS_KEEP_RUNS" in done.err
