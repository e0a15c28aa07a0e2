"""A small world, released, to be disturbed."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def world(demo_world: Path, tmp_path: Path) -> Path:
    """A copy of the released demo world, to change."""
    return Path(shutil.copytree(demo_world, tmp_path / "world"))
