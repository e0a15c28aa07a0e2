"""A small form of `python -m recsys_dagster_tests.reliability.pairs`."""

import shutil
from pathlib import Path

import pytest

from recsys_dagster_tests.crashing import World
from recsys_dagster_tests.reliability.pairs import wrong_with


@pytest.mark.slow
@pytest.mark.parametrize("second", ["run", "pipeline"])
def test_two_at_once_never_both_write(demo_world: Path, tmp_path: Path, second: str) -> None:
    before = tmp_path / "before"
    shutil.copytree(demo_world, before)
    for stage in ("recommender_release", "user_recommendations"):
        (before / "cache" / "stages" / f"{stage}.json").unlink()
    world = World("refresh", before, demo_world, {})
    assert wrong_with(world, second, 0, tmp_path / "pair") == []
