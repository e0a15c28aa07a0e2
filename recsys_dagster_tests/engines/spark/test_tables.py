"""The listening stages on a real cluster: the same tables as on one machine."""

import csv
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from recsys_dagster.engines.local import LocalEngine
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.tables import read_table
from recsys_dagster_tests.clusters import Cluster
from recsys_dagster_tests.engines.spark.history import HARD_NAME, run, write_history
from recsys_dagster_tests.listening.writers import plays, seconds_csv

pytest.importorskip("pyspark")

from recsys_dagster.engines.spark import listens
from recsys_dagster.engines.spark.engine import SparkEngine
from recsys_dagster.engines.spark.session import open_session
from recsys_dagster_tests.engines.spark.equality import STAGES, differences

pytestmark = pytest.mark.slow
WITHIN = 120


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two data folders, one for each engine."""
    return tmp_path / "here", tmp_path / HARD_NAME


@pytest.fixture(scope="module")
def on_cluster(spark_cluster: Cluster) -> Iterator[SparkEngine]:
    """A session of its own at the master, for all tests here."""
    address = {"SPARK_MASTER": spark_cluster.master, "PYSPARK_PYTHON": sys.executable}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SPARK_CONNECT_MODE_ENABLED", raising=False)  # what pyspark leaves of others
        for name, value in {**spark_cluster.environment, **address}.items():
            patch.setenv(name, value)
        with open_session(load_settings()) as session:
            yield SparkEngine(session)


def test_the_tables_are_those_of_one_machine_and_ids_stay(
    folders: tuple[Path, Path], on_cluster: SparkEngine
) -> None:
    here, there = folders
    for folder in folders:
        write_history(Layout(folder).history)
    first = run(there, on_cluster, *STAGES)
    assert first == run(here, LocalEngine(), *STAGES)
    assert differences(here, there) == []
    assert first[0]["repeated"]
    assert first[0]["bursts"]
    assert len(first[0]["refused"]) == 3
    before = read_table(Layout(there).songs)
    other_songs(here)
    shutil.copyfile(Layout(here).interactions, Layout(there).interactions)
    run(there, on_cluster, "unique_songs")
    assert differences(here, there) == [], "old ids stay, and new ones are the same"
    after = read_table(Layout(there).songs)
    ids = ["song_id", "song_key"]
    assert after.head(before.height).select(ids).equals(before.select(ids))
    assert after.height == before.height + 5
    assert not list(there.rglob(".tmp-*"))


def other_songs(here: Path) -> None:
    """Other interactions: songs that nobody plays any more, and new ones."""
    history, listened = Layout(here).history, Layout(here).listens
    before = shutil.copytree(listened, here / "before")
    (history / "bob" / "zwölf [1].jsonl").unlink()
    songs = [(f"Neu {number % 5}", at) for number, (_, at) in enumerate(plays(50))]
    seconds_csv(history / "dora" / "new.csv", songs)
    run(here, LocalEngine(), *STAGES)
    shutil.rmtree(listened)
    before.rename(listened)  # the other folder has it so


def test_a_worker_that_is_killed_in_the_middle_costs_no_row(
    folders: tuple[Path, Path],
    on_cluster: SparkEngine,
    spark_cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, there = folders
    monkeypatch.setattr(listens, "AT_ONCE", 1)  # each file is a task
    for folder in folders:
        write_many(Layout(folder).history, 24)
    local = run(here, LocalEngine(), "listens")
    assassin = Assassin(spark_cluster, Layout(there).readings)
    assassin.start()
    try:
        on_spark = run(there, on_cluster, "listens")
    finally:
        assassin.join()
        spark_cluster.add_workers(1)
    assert 0 < assassin.seen < 24
    assert on_spark == local
    assert differences(here, there) == []


def write_many(history: Path, count: int) -> None:
    """Files that overlap, of a few thousand listens each."""
    for number in range(count):
        played = plays(3_000, first=2_000 * number)
        write_listens(history / "anna" / f"{number:02d}.csv", played)


def write_listens(path: Path, played: Sequence[tuple[str, datetime]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["uts", "artist", "track"])
        writer.writerows([int(at.timestamp()), "Abba", title] for title, at in played)


class Assassin(threading.Thread):
    """Kills a worker as soon as the first files have been read."""

    def __init__(self, made: Cluster, readings: Path) -> None:
        super().__init__()
        self._cluster, self._readings = made, readings
        self.seen = 0

    def run(self) -> None:
        deadline = time.monotonic() + WITHIN
        while not self.seen and time.monotonic() < deadline:
            self.seen = len(list(self._readings.glob("[!.]*.parquet")))
            time.sleep(0.01)
        self._cluster.kill_worker()
