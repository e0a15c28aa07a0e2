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


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance that was never used: making its databases takes longest."""
    home = tmp_path_factory.mktemp("dagster")
    with dg.instance_for_test(temp_dir=str(home)):
        return home


@pytest.fixture
def instance(new_home: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance that knows nothing."""
    home = shutil.copytree(new_home, tmp_path / "dagster_home")
    with dg.instance_for_test(temp_dir=str(home)) as made:
        yield made
