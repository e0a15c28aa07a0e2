"""What many tests share: the `recsys` command, and a small released demo world."""

import gc
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from recsys_dagster_tests.clusters import Cluster, cluster
from recsys_dagster_tests.commands import recsys
from recsys_dagster_tests.tiers import choose, is_all_slow, is_quick

_OURS = ("RECSYS_", "SPOTI", "LASTFM_", "LISTENBRAINZ_", "RECCOBEATS_", "SPARK_", "DAGSTER_HOME",
         "DAGSTER_POSTGRES_")  # fmt: skip


USERS, LISTENS = 40, 12_000
"""Of the demo world that many tests share."""
_TAKE_LONG = {"demo_world", "spark_cluster"}


def pytest_configure(config: pytest.Config) -> None:
    """As many examples as the tier has; no search for garbage while modules are imported."""
    choose(config)
    gc.disable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Quick tests do without what only slow ones import."""
    return True if is_quick(config) and is_all_slow(collection_path) else None


def pytest_collection_finish() -> None:
    """From here on garbage is looked for, and not among what was imported."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests of a released world or a cluster are slow: to make either takes half a minute."""
    if _TAKE_LONG & set(_fixtures(item)):
        item.add_marker("slow")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them in an order in which workers end at about the same time, and start one cluster.

    Workers begin with a contiguous part of the tests each, and steal from one another's ends: each
    part begins with slow tests, and the first one with all those on the cluster.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = in_parts(items, workers)


def in_parts(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests as parts of the same size, one after the other, those of a module together.

    Tests on the cluster take as long as half of a worker's other slow ones.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    others = [item for item in slow if "spark_cluster" not in _fixtures(item)]
    piece = len(others) // (2 * workers - 1)
    ordered = [item for item in slow if "spark_cluster" in _fixtures(item)]
    for worker in range(workers):
        count = len(others) if worker == workers - 1 else piece if worker == 0 else 2 * piece
        ordered += others[:count]
        del others[:count]
        room = max(len(items) * (worker + 1) // workers - len(ordered), 0)
        ordered += quick[:room]
        del quick[:room]
    return ordered


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings of whoever runs it, or writes into their data folder."""
    for name in list(os.environ):
        if name.startswith(_OURS) and not name.startswith("RECSYS_REQUIRE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def demo_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a small demo world, released; tests only read it.

    Workers share it: the first to want it makes it.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "demo_world"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            made = tmp_path_factory.mktemp("making")
            make_demo(made)
            done = recsys("run", "--data-dir", str(made))
            assert done.code == 0, done.err
            made.rename(folder)
    before = _times(folder)
    yield folder
    assert _times(folder) == before, "a test has changed what all tests read"


def _times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def make_demo(folder: Path, users: int = USERS, songs: int = 1500, listens: int = LISTENS) -> None:
    """Put a small made-up history and its catalogue into a data folder: two batches of songs."""
    size = ["--users", str(users), "--songs", str(songs), "--listens", str(listens)]
    assert recsys("demo", *size, "--data-dir", str(folder)).code == 0


@pytest.fixture(scope="session")
def spark_cluster() -> Iterator[Cluster]:
    """One cluster for all tests of a process."""
    with cluster() as made:
        yield made
