"""What many tests share: the `recsys` command, and a small released demo world."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from recsys_dagster_tests.clusters import Cluster, cluster
from recsys_dagster_tests.commands import recsys

# A deadline is a timed assertion, and a loop's first call compiles it.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")

_OURS = ("RECSYS_", "SPOTI", "LASTFM_", "LISTENBRAINZ_", "RECCOBEATS_", "SPARK_", "DAGSTER_HOME",
         "DAGSTER_POSTGRES_")  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on the cluster come first: one worker then has them all, and starts the one cluster.

    Workers begin with a contiguous part of the tests each, and steal from one another's ends.
    """
    items.sort(key=lambda item: "spark_cluster" not in getattr(item, "fixturenames", ()))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings of whoever runs it, or writes into their data folder."""
    for name in list(os.environ):
        if name.startswith(_OURS) and not name.startswith("RECSYS_REQUIRE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def demo_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small demo world, released; tests only read it."""
    folder = tmp_path_factory.mktemp("demo_world")
    make_demo(folder)
    assert recsys("run", "--data-dir", str(folder)).code == 0
    return folder


def make_demo(folder: Path, users: int = 40, songs: int = 1500, listens: int = 12_000) -> None:
    """Put a small made-up history and its catalogue into a data folder."""
    size = ["--users", str(users), "--songs", str(songs), "--listens", str(listens)]
    assert recsys("demo", *size, "--data-dir", str(folder)).code == 0


@pytest.fixture(scope="session")
def spark_cluster() -> Iterator[Cluster]:
    """One cluster for all tests of a process."""
    with cluster() as made:
        yield made
