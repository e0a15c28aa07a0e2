"""Dagster in the tests: an instance of its own, in a folder of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from recsys_dagster.settings import load_settings
from recsys_dagster.workshop import Workshop


@pytest.fixture
def world(demo_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the released demo world, in the settings."""
    data = Path(shutil.copytree(demo_world, tmp_path / "world"))
    monkeypatch.setenv("RECSYS_DATA_DIR", str(data))
    return data


@pytest.fixture
def shop(world: Path) -> Workshop:
    """Its workshop."""
    return Workshop(load_settings(world))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance that knows nothing."""
    with dg.instance_for_test() as made:
        yield made
