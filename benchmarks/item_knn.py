"""Time and memory of finding item neighbours as songs, listeners and pairs grow.

python benchmarks/item_knn.py [--most PAIRS] [--neighbours N] [--threads N] [--peer] [--json FILE]

Each size is fitted in a process of its own, after its loops are compiled. Its peak is the most that
it had resident (VmHWM); what it had resident with the pairs read and before it began is told apart,
and so is the size of what comes out. `--peer` also runs implicit's CosineRecommender on the same
matrix of weights and with as many neighbours: it has no shrinkage and no limit to the items of a
listener, so its work is told as well: steps, Σ min(items of a listener, cap)². Processor seconds,
of all threads together, tell more than seconds where others use the cores too.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine, peak_memory, versions_of, write_json
from made_up import World
from numpy.typing import NDArray
from svd_task import Clock

from recsys_dagster.models.item_knn import ItemKnn, ItemKnnConfig
from recsys_dagster.models.item_pairs import fitting, listen_weights

SIZES = ((1_000_000, 50_000, 2_000), (4_000_000, 200_000, 8_000), (20_000_000, 1_000_000, 20_000))
"""Pairs drawn, of which some repeat and are left out; songs; listeners."""
Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
Figures = dict[str, Any]


def write_pairs(folder: Path, pairs: int, songs: int, listeners: int) -> None:
    """Write users, items and plays of distinct pairs in random order."""
    rng = np.random.default_rng(0)
    world = World.drawn(listeners, songs, rng)
    users, items = world.pairs(pairs, rng)
    keys = np.sort(users.astype(np.int64) * songs + items)
    keys = keys[np.append(True, keys[1:] != keys[:-1])]
    rng.shuffle(keys)
    users, items = (column.astype(np.int32) for column in np.divmod(keys, songs))
    np.save(folder / "pairs.npy", np.stack([users, items, world.plays(users, items, rng)]))


def fit_ours(pairs: Columns, songs: int, config: ItemKnnConfig, threads: int) -> int:
    """Fit ours; the bytes of the result."""
    listeners = int(pairs[0].max(initial=0)) + 1
    size = {"n_users": listeners, "n_items": songs}
    model = ItemKnn.fit(*pairs, **size, config=config, threads=threads)
    return model.ids.nbytes + model.weights.nbytes


def fit_peer(pairs: Columns, songs: int, config: ItemKnnConfig, threads: int) -> int:
    """Fit implicit's; the bytes of the result."""
    from implicit.nearest_neighbours import CosineRecommender
    from scipy.sparse import csr_matrix

    users, items, plays = pairs
    weights = listen_weights(plays, config.play_exponent)
    matrix = csr_matrix((weights, (users, items)), (int(users.max(initial=0)) + 1, songs))
    model = CosineRecommender(K=config.neighbours, num_threads=threads)
    model.fit(matrix, show_progress=False)
    found = model.similarity
    return int(found.data.nbytes + found.indices.nbytes + found.indptr.nbytes)


FITS: dict[str, Callable[[Columns, int, ItemKnnConfig, int], int]] = {
    "ours": fit_ours,
    "implicit": fit_peer,
}


def run_child(folder: Path, name: str, songs: int, neighbours: int, threads: int) -> None:
    """Fit the pairs in a folder, and write what it took beside them."""
    config = ItemKnnConfig(neighbours=neighbours)
    few = tuple(np.arange(9, dtype=np.int32) % most for most in (3, 9, 9))
    FITS[name]((few[0], few[1], few[2]), songs=9, config=config, threads=1)
    users, items, plays = np.load(folder / "pairs.npy")
    before, clock, spent = peak_memory(), Clock(), time.process_time()
    with clock.running():
        size = FITS[name]((users, items, plays), songs, config, threads)
    found = {
        "seconds": clock.seconds,
        "cpu_s": time.process_time() - spent,
        "peak_gb": peak_memory() / 1e9,
        "before_gb": before / 1e9,
        "result_gb": size / 1e9,
    }
    (folder / "found.json").write_text(json.dumps(found))


def work_of(folder: Path, limited: bool) -> Figures:
    """How many pairs there are, and how many steps they take."""
    users = np.load(folder / "pairs.npy", mmap_mode="r")[0]
    lengths, config = np.bincount(users), ItemKnnConfig()
    cap = fitting(lengths, config.most_items, config.most_steps) if limited else lengths.max()
    steps = int((np.minimum(lengths, cap).astype(np.int64) ** 2).sum())
    return {"pairs": len(users), "cap": int(cap), "steps": steps}


def measure(size: tuple[int, int, int], names: list[str], options: Any) -> list[Figures]:
    """Fit a size by each, in processes of their own."""
    rows = []
    with tempfile.TemporaryDirectory() as target:
        folder = Path(target)
        write_pairs(folder, *size)
        for name in names:
            settings = [name, *map(str, (size[1], options.neighbours, options.threads))]
            subprocess.run([sys.executable, __file__, "--child", target, *settings], check=True)
            found = json.loads((folder / "found.json").read_text())
            work = work_of(folder, limited=name == "ours")
            rows.append({"by": name, "songs": size[1], "listeners": size[2], **work, **found})
            say(rows[-1])
    return rows


def say(row: Figures) -> None:
    """Print one size."""
    print(
        f"{row['by']:9}{row['songs']:10,} songs {row['pairs']:11,} pairs "
        f"{row['steps'] / 1e9:7.2f} G steps {row['seconds']:8.1f} s ({row['cpu_s']:.1f} cpu) "
        f"{row['peak_gb']:6.2f} GB peak ({row['before_gb']:.2f} before, "
        f"{row['result_gb']:.2f} result)",
        flush=True,
    )


def main() -> None:
    """Fit each size up to the most, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=SIZES[-1][0])
    parser.add_argument("--neighbours", type=int, default=ItemKnnConfig().neighbours)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = list(FITS) if options.peer else ["ours"]
    rows: list[Figures] = []
    for size in (size for size in SIZES if size[0] <= options.most):
        rows += measure(size, names, options)
    if options.json:
        versions = versions_of(["recsys-dagster", "numpy", "numba", "llvmlite", "implicit"])
        document = {"title": "Item neighbours", "figures": rows, "machine": describe_machine()}
        write_json(document | {"versions": versions}, options.json)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        run_child(Path(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
    else:
        main()
