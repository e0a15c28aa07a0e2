"""Memory and time of our factorisation as the pairs grow from 1 to 100 million.

python benchmarks/svd_growth.py [--most N] [--epochs N] [--json FILE] [--plot FILE]

A song for every 20 pairs and a listener for every 1,000, so 5 million songs at the top. The pairs
are made here, written to files, and read by a process of its own for each size into the arrays
that training takes over. Its peak is the most that it had resident (VmHWM); what it had resident
before it read a pair (Python, the libraries, the compiled loops) is told apart and taken off.
Factors are k float32 and a bias for each song and listener, data 12 bytes a pair: user, item and
rating, 4 bytes each. 1.5 times their sum is the limit.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from machine import describe_machine, peak_memory, versions_of, write_json
from made_up import World
from svd_ours import squared_config, train, warm_up
from svd_task import Clock, Data

from recsys_dagster.models.svd.pairs import Pairs

SIZES = (1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000)
PAIRS_A_SONG = 20
PAIRS_A_LISTENER = 1_000
CHUNK = 5_000_000
READ = 100_000
BYTES_A_PAIR = 12
LIMIT = 1.5
COLUMNS = ("users", "items", "plays")

Figures = dict[str, float]


def write_pairs(folder: Path, pairs: int) -> World:
    """Write users, items and plays of pairs, which may repeat, a chunk at a time."""
    rng = np.random.default_rng(0)
    world = World.drawn(pairs // PAIRS_A_LISTENER, pairs // PAIRS_A_SONG, rng)
    files = [
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.dtype(np.int32), (pairs,))
        for name in COLUMNS
    ]
    for start in range(0, pairs, CHUNK):
        part = slice(start, min(start + CHUNK, pairs))
        users, items = world.pairs(part.stop - start, rng)
        for file, column in zip(files, (users, items, world.plays(users, items, rng)), strict=True):
            file[part] = column
    return world


def read_pairs(folder: Path) -> Pairs:
    """Read the pairs a chunk at a time, so that no file's pages stay in memory beside them."""
    count = len(np.load(folder / "users.npy", mmap_mode="r"))
    kinds = {"users": np.int32, "items": np.int32, "plays": np.float32}
    columns = {name: np.empty(count, kind) for name, kind in kinds.items()}
    for name, column in columns.items():
        for start in range(0, count, READ):
            file = np.load(folder / f"{name}.npy", mmap_mode="r")
            part = slice(start, start + READ)
            column[part] = np.log1p(file[part]) if name == "plays" else file[part]
    return Pairs(columns["users"], columns["items"], columns["plays"])


def run_child(folder: Path, users: int, items: int, factors: int, epochs: int) -> None:
    """Train on the pairs in a folder, and write what it took beside them."""
    mapped = tuple(np.load(folder / f"{name}.npy", mmap_mode="r") for name in COLUMNS)
    few = tuple(np.array(column[:1000]) for column in mapped)
    data = Data(few, few, users, items, factors, epochs, threads=2)
    config = squared_config(data)
    warm_up(data, config)
    before, kernel, whole = peak_memory(), Clock(), Clock()
    with whole.running():
        train(data, config, kernel, read_pairs(folder))
    found = {"kernel_s": kernel.seconds, "whole_s": whole.seconds, "before": before}
    (folder / "found.json").write_text(json.dumps(found | {"peak": peak_memory()}))


def measure(pairs: int, factors: int, epochs: int) -> Figures:
    """Train on so many pairs in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = write_pairs(folder, pairs)
        users, items = len(world.user_rows), len(world.song_rows)
        del world
        settings = map(str, (users, items, factors, epochs))
        subprocess.run([sys.executable, __file__, "--child", name, *settings], check=True)
        found = json.loads((folder / "found.json").read_text())
    owned = (users + items) * (factors + 1) * 4 + pairs * BYTES_A_PAIR
    return {
        "pairs": pairs,
        "songs": items,
        "listeners": users,
        "whole_s": found["whole_s"],
        "kernel_mupdates": pairs * epochs / found["kernel_s"] / 1e6,
        "whole_mupdates": pairs * epochs / found["whole_s"] / 1e6,
        "peak_gb": found["peak"] / 1e9,
        "before_gb": found["before"] / 1e9,
        "factors_and_data_gb": owned / 1e9,
        "times": (found["peak"] - found["before"]) / owned,
    }


def draw(rows: list[Figures], title: str, target: Path) -> None:
    """Draw memory and time against pairs, both on logarithmic axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    memory, seconds = figure.subplots(1, 2)
    pairs = [row["pairs"] for row in rows]
    used = [row["peak_gb"] - row["before_gb"] for row in rows]
    memory.plot(pairs, used, "o-", label="peak less what it had before it read a pair")
    limit = [LIMIT * row["factors_and_data_gb"] for row in rows]
    memory.plot(pairs, limit, "--", color="grey", label=f"{LIMIT} x (factors + data)")
    seconds.plot(pairs, [row["whole_s"] for row in rows], "o-", label="from arrays to a model")
    for axes, unit in ((memory, "GB"), (seconds, "seconds")):
        axes.set(xscale="log", yscale="log", xlabel="pairs", ylabel=unit)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(title)
    figure.savefig(target, dpi=150)


def say(row: Figures) -> None:
    """Print one size."""
    print(
        f"{row['pairs']:12,.0f} pairs {row['songs']:10,.0f} songs {row['whole_s']:8.1f} s "
        f"{row['kernel_mupdates']:7.1f} M updates/s kernel {row['whole_mupdates']:7.1f} whole "
        f"{row['peak_gb']:7.2f} GB peak ({row['before_gb']:.2f} before) "
        f"{row['times']:6.2f} x (factors + data)",
        flush=True,
    )


def main() -> None:
    """Train each size up to the most, print, write and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--factors", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    rows = []
    for pairs in (size for size in SIZES if size <= options.most):
        rows.append(measure(pairs, options.factors, options.epochs))
        say(rows[-1])
    title = f"Training by SGD, k = {options.factors}, {options.epochs} epochs"
    if options.json:
        versions = versions_of(["recsys-dagster", "numpy", "numba", "llvmlite"])
        document = {"title": title, "figures": rows, "machine": describe_machine()}
        write_json(document | {"versions": versions}, options.json)
    if options.plot:
        draw(rows, title, options.plot)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        run_child(Path(sys.argv[2]), *map(int, sys.argv[3:]))
    else:
        main()
