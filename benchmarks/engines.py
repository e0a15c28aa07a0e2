"""How well the releases of both engines rank: a whole `recsys run` of one made-up world on each.

python benchmarks/engines.py --data DIR [--seed N] [--engines local master connect] [--json FILE]

A real cluster is started on this machine for it, a master and two workers; `connect` reaches it
through a Spark Connect server. Take a seed by which nothing was chosen.
"""

import argparse
import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import memory
from machine import describe_machine, write_json

from recsys_dagster_tests.clusters import cluster

ENGINES = ("local", "master", "connect")
METHODS = ("svd", "hybrid")


def run(data: Path, settings: Mapping[str, str]) -> dict[str, Any]:
    """A whole run, and what `recsys evaluate` says of it: NDCG@10 by task and method."""
    started = time.monotonic()
    folder = ["--data-dir", str(data)]
    subprocess.run([*memory.COMMAND, "run", *folder], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, **settings})  # fmt: skip
    seconds = time.monotonic() - started
    said = subprocess.run(
        [*memory.COMMAND, "evaluate", "--json", *folder], check=True, capture_output=True, text=True
    )
    tasks = json.loads(said.stdout)["tasks"]
    ndcg = {
        name: {method: task["methods"][method]["ndcg@10"] for method in METHODS}
        for name, task in tasks.items()
    }
    return {"seconds": round(seconds, 1), "ndcg@10": ndcg}


def main() -> None:
    """Make the world, run on each engine in turn, and put their figures side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder for the worlds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        made = (
            stack.enter_context(cluster(lasting=True)) if {*options.engines} - {"local"} else None
        )
        for engine in options.engines:
            data = options.data / engine
            shutil.rmtree(data, ignore_errors=True)
            words = ["demo", "--seed", str(options.seed), "--data-dir", str(data)]
            subprocess.run([*memory.COMMAND, *words], check=True, stdout=subprocess.DEVNULL)
            there = made.settings(connect=engine == "connect") if made else {}
            found[engine] = run(data, {} if engine == "local" else there)
            print(f"{engine}: {found[engine]['seconds']} s", flush=True)
    print(f"{'NDCG@10':32}", *(f"{one:>16}" for one in found))
    for task, by_method in next(iter(found.values()))["ndcg@10"].items():
        for method in by_method:
            row = (one["ndcg@10"][task][method] for one in found.values())
            print(f"{task + ', ' + method:32}", *(f"{value:16.3f}" for value in row))
    if options.json:
        write_json({"machine": describe_machine(), "seed": options.seed, **found}, options.json)


if __name__ == "__main__":
    main()
