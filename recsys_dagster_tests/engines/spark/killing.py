"""Kills a worker in the middle of each stage that a cluster computes, and compares what comes out.

python -m recsys_dagster_tests.engines.spark.killing [--users 60] [--listens 30000]

Two whole runs of one made-up world on a real cluster: one undisturbed, and one in which the oldest
worker gets SIGKILL, with its executors, some seconds after a stage's executors have started; a new
worker comes after it.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.stages.quality import FILE
from recsys_dagster.storage.layout import Layout
from recsys_dagster_tests.clusters import Cluster, cluster
from recsys_dagster_tests.commands import COMMAND, environment
from recsys_dagster_tests.engines.spark.equality import differences, tell

STAGES = ("listens", "user_song_interactions", "unique_songs", "svd_model", "evaluation",
          "user_recommendations")  # fmt: skip
_STARTED = re.compile(r"Registered app recsys (\w+) with ID (app-\S+)")


class Killer(threading.Thread):
    """Kills a worker once in each stage of a run.

    Attributes
    ----------
    killed
        By stage, whether its job was still at work when the worker was gone.
    """

    def __init__(self, made: Cluster, after: float) -> None:
        super().__init__(daemon=True)
        self._cluster, self._after = made, after
        self._over = threading.Event()
        self._before = len(self._said())
        self.killed: dict[str, bool] = {}

    def run(self) -> None:
        seen = 0
        while not self._over.wait(0.2):
            started = _STARTED.findall(self._said()[self._before :])
            for stage, app in started[seen:]:
                self._kill(stage, app)
            seen = len(started)

    def _kill(self, stage: str, app: str) -> None:
        while f"Launching executor {app}" not in self._said():
            if self._over.wait(0.1):
                return
        time.sleep(self._after)
        self._cluster.kill_worker()
        over = f"Received unregister request from application {app}"
        self.killed[stage] = over not in self._said()
        tell(f"{stage}: killed a worker {'in the middle' if self.killed[stage] else 'TOO LATE'}")
        self._cluster.add_workers()

    def end(self) -> None:
        """No more of it."""
        self._over.set()
        self.join()

    def _said(self) -> str:
        return (self._cluster.folder / "master.log").read_text("utf-8", errors="replace")


@contextmanager
def killing(made: Cluster, after: float) -> Iterator[Killer]:
    """Workers are killed meanwhile."""
    killer = Killer(made, after)
    killer.start()
    try:
        yield killer
    finally:
        killer.end()


def run(folder: Path, settings: dict[str, str]) -> float:
    """A whole run; the seconds that it took."""
    start = time.monotonic()
    subprocess.run(
        [*COMMAND, "run", "--data-dir", str(folder)], check=True, stdout=subprocess.DEVNULL,
        env=environment() | settings | {"PYSPARK_PYTHON": sys.executable},
    )  # fmt: skip
    return time.monotonic() - start


def compare(one: Path, other: Path) -> list[str]:
    """What differs between the results of two runs, in words."""
    apart = [name for name in differences(one, other) if "user_recommendations" not in name]
    ours, theirs = (SvdModel.load(Layout(folder).svd / "final") for folder in (one, other))
    for name in ("user_factors", "item_factors", "user_bias", "item_bias"):
        a, b = getattr(ours, name), getattr(theirs, name)
        if not np.allclose(a, b, rtol=1e-3, atol=1e-4):
            apart.append(f"svd_model: {name} by up to {np.abs(a - b).max():.2g}")
    figures = [_ndcg(folder) for folder in (one, other)]
    if any(abs(figures[0][name] - figures[1][name]) > 1e-3 for name in figures[0]):
        apart.append(f"evaluation: {figures[0]} and {figures[1]}")
    lists = [pl.read_parquet(Layout(folder).recommendations) for folder in (one, other)]
    alike = lists[0].join(lists[1], on=["user", "song_id"], how="inner").height / lists[0].height
    tell(f"user_recommendations: {alike:.2%} of {lists[0].height:,} are the same songs")
    if lists[0].height != lists[1].height or alike < 0.99:
        apart.append("user_recommendations")
    return apart


def _ndcg(folder: Path) -> dict[str, float]:
    found: dict[str, Any] = json.loads((Layout(folder).evaluation / FILE).read_text())
    return {name: row["ndcg@10"] for name, row in found["methods"].items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", default="60")
    parser.add_argument("--songs", default="2000")
    parser.add_argument("--listens", default="30000")
    parser.add_argument("--after", type=float, default=6, help="how many seconds")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="recsys-killing-") as folder, cluster() as made:
        undisturbed, killed = Path(folder, "undisturbed"), Path(folder, "killed")
        size = [f"--{name}={getattr(options, name)}" for name in ("users", "songs", "listens")]
        subprocess.run([*COMMAND, "demo", *size, "--data-dir", str(undisturbed)], check=True)
        shutil.copytree(undisturbed, killed, copy_function=os.link)
        settings = made.settings()
        tell(f"undisturbed: {run(undisturbed, settings):.0f} s")
        with killing(made, options.after) as killer:
            tell(f"with workers that are killed: {run(killed, settings):.0f} s")
        apart = compare(undisturbed, killed)
    missed = [stage for stage in STAGES if not killer.killed.get(stage)]
    tell("\n".join(apart) if apart else "the same results")
    sys.exit(f"not killed in the middle: {missed}" if missed else int(bool(apart)))


if __name__ == "__main__":
    main()
