"""Factorisation by stochastic gradient descent: ours against every peer that is installed.

python benchmarks/svd.py [--pairs N] [--songs N] [--users N] [--factors K] [--epochs N]
                         [--threads N] [--rounds N] [--only NAME…] [--json FILE]

Each runs in a process of its own, in turn, on the same made-up pairs, a tenth of them held out.

ours          our `squared` objective, with biases
libmf         LIBMF as its package installs it; it has no biases
libmf-avx     LIBMF as benchmarks/build_libmf.py builds it
cornac        MF, with biases
surprise      scikit-surprise's SVD, with biases; in the first round only, as it takes minutes
python        the plain loop, with biases, on 200,000 of the pairs; in the first round only
ours-ranking  our `ranking` objective, 64 factors and 64 negatives
implicit-bpr  implicit's BPR, 64 factors and one negative

An update is one pair in one epoch, or for the last two one pair and one negative. `kernel` is the
training loop alone, `whole` everything from arrays of users, items and play counts in random
order to a model. The last two columns say how many times as fast ours is, an update, in the
median of the rounds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine, peak_memory, versions_of, write_json
from made_up import draw_split
from svd_ours import ours, ours_ranking
from svd_peers import cornac, implicit_bpr, libmf, pure_python, surprise
from svd_table import Figures, print_table, said, summarise
from svd_task import AbsentError, Data, Run

SQUARED: dict[str, Callable[[Data], Run]] = {
    "ours": ours,
    "libmf": partial(libmf, avx=False),
    "libmf-avx": partial(libmf, avx=True),
    "cornac": cornac,
    "surprise": surprise,
    "python": pure_python,
}
RANKING: dict[str, Callable[[Data], Run]] = {
    "ours-ranking": ours_ranking,
    "implicit-bpr": implicit_bpr,
}
PEERS = SQUARED | RANKING
ONCE = ("surprise", "python")
LIBRARIES = (
    *("recsys-dagster", "numpy", "scipy", "numba", "llvmlite"),
    *("libmf", "cornac", "scikit-surprise", "implicit"),
)
SETTINGS = ("users", "factors", "epochs", "threads")


def run_child(name: str, folder: Path) -> None:
    """Run one peer on the data in a folder, and write what it took beside it."""
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    train, test = (
        tuple(np.load(folder / f"{part}_{name}.npy") for name in ("users", "items", "plays"))
        for part in ("train", "test")
    )
    found: dict[str, Any]
    try:
        run = PEERS[name](Data(train, test, **settings))
        found = asdict(run) | {"peak": peak_memory()}
    except (AbsentError, ModuleNotFoundError) as error:
        found = {"absent": str(error)}
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


def run_alone(name: str, folder: Path) -> Figures | str:
    """Figures of one peer, run in a process of its own, or why it cannot run."""
    command = [sys.executable, "-W", "ignore", __file__, "--child", name, str(folder)]
    with (folder / "printed.txt").open("w", encoding="utf-8") as printed:
        subprocess.run(command, check=True, stdout=printed)
    found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    if "absent" in found:
        return str(found["absent"])
    return {
        "kernel_mupdates": found["updates"] / found["kernel"] / 1e6,
        "whole_mupdates": found["updates"] / found["whole"] / 1e6,
        "kernel_s": found["kernel"],
        "whole_s": found["whole"],
        "peak_gb": found["peak"] / 1e9,
        "rmse": found["rmse"],
    }


def measure(names: Iterable[str], folder: Path, rounds: int) -> dict[str, list[Figures] | str]:
    """Figures of each peer, round by round, or why it was left out."""
    found: dict[str, list[Figures] | str] = {}
    for number in range(rounds):
        for name in names:
            before = found.setdefault(name, [])
            if isinstance(before, str) or (number and name in ONCE):
                continue
            figures = run_alone(name, folder)
            print(f"round {number + 1}, {name}: {said(figures)}", flush=True)
            if isinstance(figures, str):
                found[name] = figures
            else:
                before.append(figures)
    return found


def write_data(folder: Path, options: argparse.Namespace) -> None:
    """Make the pairs and the settings that the children read."""
    drawn = draw_split(options.pairs, options.songs, options.users, options.seed)
    for name, column in drawn.items():
        np.save(folder / f"{name}.npy", column)
    settings = {name: getattr(options, name) for name in SETTINGS} | {"items": options.songs}
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = {"pairs": 6_400_000, "songs": 890_000, "users": 10_000, "factors": 20, "epochs": 20}
    for name, size in (sizes | {"threads": 2, "rounds": 3, "seed": 0}).items():
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--only", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    """Make the pairs, run the peers, print and write."""
    options = parse_options()
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder), options)
        found = measure(options.only, Path(folder), options.rounds)
    absent = {name: runs for name, runs in found.items() if isinstance(runs, str)}
    ran = {name: runs for name, runs in found.items() if not isinstance(runs, str)}
    firsts = {name: "ours" if name in SQUARED else "ours-ranking" for name in ran}
    figures = {name: summarise(runs, ran.get(firsts[name], [])) for name, runs in ran.items()}
    title = (
        f"{options.pairs:,} pairs, {options.songs:,} songs, {options.users:,} listeners, "
        f"k = {options.factors}, {options.epochs} epochs, {options.threads} threads, "
        f"{options.rounds} rounds"
    )
    print_table(title, figures)
    for name, reason in absent.items():
        print(f"{name:14}  skipped: {reason}")
    if options.json:
        document = {
            "title": title,
            "settings": {name: value for name, value in vars(options).items() if name != "json"},
            "figures": figures,
            "rounds": ran,
            "absent": absent,
            "machine": describe_machine(),
            "versions": versions_of(LIBRARIES),
        }
        write_json(document, options.json)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        run_child(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
