"""The listening stages on a real cluster: the same tables as on one machine."""

import csv
import shutil
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recsys_dagster.engines.local import LocalEngine
from recsys_dagster.settings import load_settings
from recsys_dagster.stages.base import Facts
from recsys_dagster.stages.clustered import CLUSTERED
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.tables import read_table
from recsys_dagster.workshop import Workshop
from recsys_dagster_tests.clusters import Cluster
from recsys_dagster_tests.listening.writers import (
    START,
    extended_json,
    jsonl,
    minute_csv,
    plays,
    seconds_csv,
)

pytest.importorskip("pyspark")

from recsys_dagster.engines.spark import listens
from recsys_dagster.engines.spark.engine import SparkEngine
from recsys_dagster.engines.spark.session import open_session
from recsys_dagster_tests.engines.spark.equality import STAGES, differences

pytestmark = pytest.mark.slow
WITHIN = 120


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two data folders, one for each engine; Spark takes signs in their names for patterns."""
    return tmp_path / "here", tmp_path / "the[re] {1}*"


@contextmanager
def engine(
    name: str, made: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SparkEngine]:
    address = made.master if name == "SPARK_MASTER" else made.remote
    settings = {**made.environment, name: address, "PYSPARK_PYTHON": sys.executable}
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    with open_session(load_settings(folder)) as session:
        yield SparkEngine(session)


def run(folder: Path, on: LocalEngine | SparkEngine, *stages: str) -> list[Facts]:
    shop = Workshop(load_settings(folder))
    return [CLUSTERED[stage](shop, on)[1] for stage in stages]


def write_history(history: Path) -> None:
    """Overlaps, bursts, times unset, spellings, ids, a zip, a copy, and what cannot be read."""
    minute_csv(history / "anna" / "a-minute.csv", plays(60))
    shutil.copyfile(history / "anna" / "a-minute.csv", history / "anna" / "b-copy.csv")
    seconds_csv(history / "anna" / "c-seconds.csv", plays(70, first=30))
    write_zip(history / "anna" / "d-spotify.zip")
    unset = [("Song 3", datetime(1970, 1, 1, tzinfo=UTC))] * 4
    burst = [("Song 0", START + timedelta(seconds=number)) for number in range(10)]
    spelled = [(f"{title} - Remastered 2009", at) for title, at in plays(30, first=200)]
    seconds_csv(history / "bob" / "burst.csv", burst + spelled)
    minute_csv(history / "bob" / "unset.csv", unset + plays(9, first=190))
    jsonl(history / "bob" / "zwölf [1].jsonl", [*plays(40, first=195), ("مرحبا 初音ミク", START)])
    (history / "bob" / "broken.csv").write_text("this,is\nno,history\n")


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        file = extended_json(path.with_suffix(".json"), plays(60, first=80))
        archive.write(file, "MyData/Streaming_History_Audio_0.json")
        archive.writestr("MyData/other.csv", "not,a\nhistory,file\n")
        file.unlink()


def test_the_tables_are_those_of_one_machine_and_ids_stay(
    folders: tuple[Path, Path], spark_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = folders
    for folder in folders:
        write_history(Layout(folder).history)
    with engine("SPARK_MASTER", spark_cluster, there, monkeypatch) as on_cluster:
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


def test_spark_connect_makes_the_same_tables(
    folders: tuple[Path, Path], spark_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = folders
    for folder in folders:
        write_history(Layout(folder).history)
    with engine("SPARK_REMOTE", spark_cluster, there, monkeypatch) as on_cluster:
        assert run(there, on_cluster, *STAGES[:1]) == run(here, LocalEngine(), *STAGES[:1])
    assert differences(here, there) == []


def test_a_worker_that_is_killed_in_the_middle_costs_no_row(
    folders: tuple[Path, Path], spark_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = folders
    monkeypatch.setattr(listens, "AT_ONCE", 1)  # each file is a task
    for folder in folders:
        write_many(Layout(folder).history, 24)
    local = run(here, LocalEngine(), "listens")
    with engine("SPARK_MASTER", spark_cluster, there, monkeypatch) as on_cluster:
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
