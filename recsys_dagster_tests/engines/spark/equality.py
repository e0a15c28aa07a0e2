"""Runs the listening stages on both engines, on a real cluster, and compares row for row.

python -m recsys_dagster_tests.engines.spark.equality --history PATH…
python -m recsys_dagster_tests.engines.spark.equality --listens 5000000 [--skew song|listener]
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from recsys_dagster.demo import DemoConfig, write_demo
from recsys_dagster.demo.writing import HISTORY_NAME
from recsys_dagster.engines.base import ComputeEngine
from recsys_dagster.engines.local import LocalEngine
from recsys_dagster.engines.spark.engine import SparkEngine
from recsys_dagster.engines.spark.session import open_session
from recsys_dagster.settings import load_settings
from recsys_dagster.stages.clustered import CLUSTERED
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.tables import read_table, row_count
from recsys_dagster.workshop import Workshop
from recsys_dagster_tests.clusters import cluster

STAGES = ("listens", "user_song_interactions", "unique_songs")
Ran = dict[str, tuple[float, Mapping[str, Any]]]
"""Seconds and facts of each stage."""


def tell(line: str) -> None:
    """At once, for it takes a while."""
    print(line, flush=True)  # noqa: T201


def run_stages(folder: Path, engine: ComputeEngine) -> Ran:
    """Make the three tables."""
    shop = Workshop(load_settings(folder))
    found: Ran = {}
    for stage in STAGES:
        start = time.monotonic()
        _, facts = CLUSTERED[stage](shop, engine)
        found[stage] = (time.monotonic() - start, facts)
    return found


def table_files(folder: Path) -> dict[str, Path]:
    """The files of all tables, by their names."""
    root = folder / "tables"
    return {str(file.relative_to(root)): file for file in sorted(root.rglob("*.parquet"))}


def differences(one: Path, other: Path) -> list[str]:
    """Which files of the tables of two data folders do not hold the same rows in the same order."""
    ours, theirs = table_files(one), table_files(other)
    apart = sorted(ours.keys() ^ theirs.keys())
    return apart + [
        name
        for name in sorted(ours.keys() & theirs.keys())
        if ours[name].read_bytes() != theirs[name].read_bytes()
        and not read_table(ours[name]).equals(read_table(theirs[name]), null_equal=True)
    ]


def make_history(folder: Path, listens: int) -> None:
    """A made-up history, with a listener for 1,000 listens and a song for 50."""
    layout = Layout(folder)
    size = DemoConfig(max(listens // 1_000, 20), max(listens // 50, 1_000), listens)
    write_demo(layout.demo_history, layout.demo_catalogues, size)


def skew(history: Path, what: str) -> None:
    """One song is every second listen of every second listener; or one listener has all."""
    rows = pl.scan_csv(history, infer_schema=False).with_row_index("row")
    if what == "listener":
        skewed = rows.with_columns(Username=pl.lit("everybody"))
    else:
        listener = pl.col("Username").cast(pl.Categorical).to_physical()
        often = (listener % 2 == 0) & (pl.col("row") % 2 == 0)
        artist, track = (pl.col(name).first() for name in ("Artist", "Track"))
        skewed = rows.with_columns(
            Artist=pl.when(often).then(artist).otherwise("Artist"),
            Track=pl.when(often).then(track).otherwise("Track"),
        )
    target = history.with_suffix(".skewed")
    skewed.drop("row").sink_csv(target)
    target.replace(history)


def copy_history(folder: Path, paths: Sequence[Path]) -> None:
    """Histories as they are."""
    for path in paths:
        target = Layout(folder).history / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target)
        else:
            shutil.copyfile(path, target)


def run_on_cluster(folder: Path, *, connect: bool) -> Ran:
    """The stages on a cluster of their own."""
    with cluster(lasting=True) as made:
        os.environ.update({**made.settings(connect=connect), "PYSPARK_PYTHON": sys.executable})
        start = time.monotonic()
        with open_session(load_settings(folder)) as session:
            tell(f"Spark {session.version}: session after {time.monotonic() - start:.1f} s")
            return run_stages(folder, SparkEngine(session))


def compare(here: Path, there: Path, *, connect: bool) -> bool:
    """Run both engines and tell what they took; whether they agree."""
    local, spark = run_stages(here, LocalEngine()), run_on_cluster(there, connect=connect)
    tell(f"{'stage':24} {'local s':>9} {'Spark s':>9}  facts")
    for stage in STAGES:
        same = "equal" if local[stage][1] == spark[stage][1] else "DIFFER"
        tell(f"{stage:24} {local[stage][0]:9.1f} {spark[stage][0]:9.1f}  {same}")
    apart, theirs = differences(here, there), table_files(there)
    for name, file in table_files(here).items():
        same = "DIFFERS" if name in apart else "equal row for row"
        if name not in apart and file.read_bytes() == theirs[name].read_bytes():
            same += ", and byte for byte"
        tell(f"{name}: {row_count(file):,} rows, {same}")
    return not apart and all(local[stage][1] == spark[stage][1] for stage in STAGES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--history", type=Path, nargs="+")
    what.add_argument("--listens", type=int)
    parser.add_argument("--skew", choices=("song", "listener"), help="of --listens")
    parser.add_argument("--connect", action="store_true", help="through a Spark Connect server")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="recsys-equality-") as folder:
        here, there = Path(folder, "local"), Path(folder, "spark")
        if options.history:
            copy_history(here, options.history)
        else:
            make_history(here, options.listens)
            if options.skew:
                skew(Layout(here).demo_history / HISTORY_NAME, options.skew)
        shutil.copytree(here, there, copy_function=os.link)
        sys.exit(0 if compare(here, there, connect=options.connect) else "They do not agree.")


if __name__ == "__main__":
    main()
