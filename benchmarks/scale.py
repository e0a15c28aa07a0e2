"""How time and memory of each stage grow with the listens, on either engine.

python benchmarks/scale.py --data DIR [--sizes N …] [--engine local|spark] [--json FILE]
python benchmarks/scale.py --draw local.json [spark.json …] --plot FILE

For each size a made-up world is made (a listener for every 1,000 listens, a song for every 20 up to
a million of them), and `recsys run` goes from nothing to a release in a process of its own.
`--engine spark` starts a real cluster on this machine, a master and two workers, for all sizes.
Memory is what the run cannot give back (anonymous pages, at its peak within the stage): of its own
process, and on Spark of the driver, the workers and what they started together. `--draw` plots what
was measured, and says how steep each stage is: by which power of the listens its time grew over the
last tenfold.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import memory
import psutil
from machine import describe_machine, write_json
from matplotlib.figure import Figure

SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 20_000_000, 100_000_000)
LISTENS_A_LISTENER, LISTENS_A_SONG, MOST_SONGS = 1_000, 20, 1_000_000
TITLES = {"local": "one machine", "spark": "Spark, two workers on the same machine"}
SHORTEST = 1.0
"""Seconds: of a stage that takes less, a slope says nothing."""
Row = dict[str, Any]


class Watch(memory.Watch):
    """The peak of a run's process, of all that it started, and of a cluster; see `memory.Watch`.

    Parameters
    ----------
    cluster
        Processes that belong to it although it did not start them.
    pid
        Of the run.
    """

    def __init__(self, cluster: Sequence[int], pid: int) -> None:
        self._family = (pid, *cluster)
        super().__init__(pid)

    def _look(self) -> None:
        while psutil.pid_exists(self._family[0]):
            self._anonymous = max(self._anonymous, sum(map(anonymous, self._family)))
            time.sleep(0.5)


def anonymous(pid: int) -> int:
    """Bytes of a process and of all that it started, without the pages of files."""
    found = 0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for one in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                used = one.memory_info()
                found += used.rss - used.shared
    return found


@contextmanager
def engine(name: str) -> Iterator[Callable[[int], memory.Watch]]:
    """Set what says where stages compute; a cluster lives as long. Gives what watches a run."""
    if name == "local":
        yield memory.Watch
        return
    from recsys_dagster_tests.clusters import cluster

    with cluster(lasting=True) as made:
        told = made.settings()
        os.environ |= told
        try:
            yield partial(Watch, made.pids)
        finally:
            for one in told:
                del os.environ[one]


def make(data: Path, listens: int) -> float:
    """The world of a size, in a data folder; the gigabytes of its history."""
    size = {"users": listens // LISTENS_A_LISTENER,
            "songs": min(listens // LISTENS_A_SONG, MOST_SONGS), "listens": listens}  # fmt: skip
    words = [f"--{name}={count}" for name, count in size.items()]
    subprocess.run([*memory.COMMAND, "demo", *words, "--data-dir", str(data)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    return sum(file.stat().st_size for file in (data / "raw").rglob("*.csv")) / 1e9


def measure(
    room: Path, sizes: Sequence[int], name: str, watching: Callable[[int], memory.Watch]
) -> Iterator[Row]:
    """One row a size."""
    for listens in sizes:
        data = room / f"{name}-{listens}"
        shutil.rmtree(data, ignore_errors=True)
        try:
            gigabytes = make(data, listens)
            print(f"\n{listens:,} listens, {gigabytes:.2f} GB", flush=True)
            done = memory.run(data, None, watching)
            yield {"listens": listens, "history_gb": gigabytes, **done}
        finally:
            shutil.rmtree(data, ignore_errors=True)


def slopes(rows: list[Row]) -> dict[str, float]:
    """By which power of the listens each stage's time grew, over the last tenfold."""
    last = rows[-1]
    before = max((row for row in rows if row["listens"] * 10 <= last["listens"]),
                 key=lambda row: row["listens"], default=None)  # fmt: skip
    if before is None:
        return {}
    tenfold = math.log(last["listens"] / before["listens"])
    found = {}
    for stage, figures in last["stages"].items():
        earlier = before["stages"].get(stage)
        if earlier and min(earlier["seconds"], figures["seconds"]) >= SHORTEST:
            found[stage] = math.log(figures["seconds"] / earlier["seconds"]) / tenfold
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def draw(measured: list[dict[str, Any]], target: Path) -> None:
    """Seconds and gigabytes by stage, a column an engine."""
    figure = Figure(figsize=(7 * len(measured) + 2, 9), layout="constrained")
    axes = figure.subplots(2, len(measured), squeeze=False, sharex=True, sharey="row")
    for column, one in enumerate(measured):
        rows = [row for row in one["rows"] if row["exit"] == 0]
        for place, (key, label) in enumerate((("seconds", "seconds"), ("anonymous_gb", "GB"))):
            ax = axes[place][column]
            for number, stage in enumerate(rows[-1]["stages"]):
                found = [(row["listens"], row["stages"][stage][key]) for row in rows]
                seen = [(listens, value) for listens, value in found if value > 0]
                ax.plot(*zip(*seen, strict=True), color=f"C{number % 10}", label=stage,
                        marker="os^Dvx"[number % 6])  # fmt: skip
            if key == "seconds":
                ax.plot([row["listens"] for row in rows], [row["seconds"] for row in rows],
                        color="black", linewidth=2, label="the whole run")  # fmt: skip
            ax.set(xscale="log", yscale="log", ylabel=label)
            ax.yaxis.set_major_formatter("{x:g}")
            if key == "anonymous_gb":  # less than two powers of ten
                ax.yaxis.set_minor_formatter("{x:g}")
            ax.grid(alpha=0.3)
        axes[0][column].set_title(TITLES[one["engine"]])
        axes[1][column].set_xlabel("listens")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside right upper", fontsize=9)
    figure.savefig(target, dpi=100)


def main() -> None:
    """Measure, or draw what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder for the worlds, which are removed")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--engine", choices=("local", "spark"), default="local")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--draw", type=Path, nargs="+", help="what --json wrote")
    parser.add_argument("--plot", type=Path, default=Path("scale.png"))
    options = parser.parse_args()
    if options.draw:
        measured = [json.loads(path.read_text()) for path in options.draw]
        for one in measured:
            print(one["engine"], *(f"{stage} {slope:.2f}" for stage, slope
                                   in slopes(one["rows"]).items()), sep="\n  ")  # fmt: skip
        draw(measured, options.plot)
        return
    if options.data is None:
        parser.error("--data says where there is room for the worlds")
    rows: list[Row] = []
    with engine(options.engine) as watching:
        for row in measure(options.data, options.sizes, options.engine, watching):
            rows.append(row)
            if options.json:  # after each, as the largest take long
                found = {"machine": describe_machine(), "engine": options.engine, "rows": rows}
                write_json(found, options.json)
    sys.exit(max(row["exit"] for row in rows))


if __name__ == "__main__":
    main()
