"""The app's task on real listeners: ours beside its parts and what it replaces.

python benchmarks/listeners2k.py --data DIR [--valid FILE --test FILE] [--on valid|test] --json FILE

DIR holds user_artists.dat (HetRec 2011), artist_audio.csv, and listeners_valid.txt and
listeners_test.txt, a listener's number a line, unless other files are named. All models are
trained on the listeners that are in neither. Of each listener in `--on` the 1, 3 or 5 most played
artists are revealed, without their play counts, and all other artists are ranked, also those
that no training listener plays: the rest of what they play is to be found. NDCG@10 with the ideal
cut at 10, Recall@20 over min(20, relevant).

popular   the number of listeners in training
seed      what the replaced system does: the 100 nearest by sound, sorted by popularity
knn       the nearest by sound
items     item-item neighbours, shrunk cosine
ease      EASE
svd       the `ranking` objective, listeners folded in
hybrid    svd and items, joined by reciprocal rank: audio beside them makes no difference here

The settings were chosen on the valid listeners; all trials are in listeners2k_trials.jsonl.
"""

import argparse
import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine, versions_of, write_json
from numpy.typing import NDArray

from recsys_dagster.evaluation.metrics import hits, ndcg, recall
from recsys_dagster.models.ease import Ease
from recsys_dagster.models.item_knn import ItemKnn, ItemKnnConfig
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.config import RankingConfig
from recsys_dagster.models.svd.training import refit
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.ranker import Ranker
from recsys_dagster.recommend.sources import Query, top

REVEALED = (1, 3, 5)
SVD = RankingConfig(factors=128)
ITEMS = ItemKnnConfig()
EASE = 400.0
RANKER = Ranker({"svd": 1.0, "items": 0.7})
SINGLE = ("popular", "knn", "items", "ease", "svd")
METHODS = ("popular", "seed", "knn", "items", "ease", "svd", "hybrid")
RESAMPLES = 1000
DEPTH = 20

Ints = NDArray[np.int64]
Rank = Callable[[Query], Ints]


@dataclass(frozen=True)
class Data:
    """Pairs of listener, artist and plays; the listeners' and artists' numbers are dense.

    Attributes
    ----------
    held
        By part, the listeners who are not trained on.
    audio_ids, audio, columns
        The artists with features, their features (n, c), and what these are.
    """

    users: Ints
    items: Ints
    plays: Ints
    n_users: int
    n_items: int
    held: dict[str, Ints]
    audio_ids: Ints
    audio: NDArray[np.float64]
    columns: list[str]


def read_data(folder: Path, valid: Path, test: Path) -> Data:
    """Read the files of a split."""
    raw = np.loadtxt(folder / "user_artists.dat", skiprows=1, dtype=np.int64)
    listeners, users = np.unique(raw[:, 0], return_inverse=True)
    artists, items = np.unique(raw[:, 1], return_inverse=True)
    held = {
        part: np.searchsorted(
            listeners, np.intersect1d(np.loadtxt(file, dtype=np.int64, ndmin=1), listeners)
        )
        for part, file in (("valid", valid), ("test", test))
    }
    with (folder / "artist_audio.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    known = [row for row in rows if np.isin(int(row[0]), artists)]
    audio = np.array([[float(cell or "nan") for cell in row[3:]] for row in known])
    ids = np.searchsorted(artists, [int(row[0]) for row in known])
    return Data(
        users, items, raw[:, 2], len(listeners), len(artists), held, ids, audio, header[3:]
    )  # fmt: skip


@dataclass(frozen=True)
class Listener:
    """A held-out listener's artists, the most played first; of equals the lower number."""

    artists: Ints


def listeners_of(data: Data, part: str) -> list[Listener]:
    """The listeners of a part."""
    found = []
    for user in data.held[part]:
        own = np.flatnonzero(data.users == user)
        order = np.lexsort((data.items[own], -data.plays[own]))
        found.append(Listener(data.items[own][order]))
    return found


class Models:
    """Everything that was trained, on the listeners who are not held out."""

    def __init__(self, data: Data, svd: RankingConfig = SVD, items: ItemKnnConfig = ITEMS) -> None:
        learn = ~np.isin(data.users, np.concatenate(list(data.held.values())))
        pairs = (data.users[learn], data.items[learn], data.plays[learn])
        size: dict[str, Any] = {"n_users": data.n_users, "n_items": data.n_items}
        self.seconds: dict[str, float] = {}
        self.svd = self._timed(
            "svd", lambda: refit(*pairs, **size, config=svd, epochs=svd.epochs).model
        )
        self.items = self._timed("items", lambda: ItemKnn.fit(*pairs, **size, config=items))
        self.ease = self._timed("ease", lambda: Ease.fit(*pairs[:2], **size, regularisation=EASE))
        self.knn = KnnIndex.build(data.audio_ids, data.audio, data.columns)
        self.listeners = np.bincount(pairs[1], minlength=data.n_items)

    def _timed(self, name: str, fit: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        model = fit()
        self.seconds[name] = round(time.perf_counter() - started, 1)
        return model

    def rank(self, method: str, ranker: Ranker = RANKER) -> Rank:
        """A method as a function from a query to artists, best first."""
        everything = np.ones(len(self.listeners), dtype=bool)
        engine = Engine(self.svd, self.knn, ranker, self.listeners, everything, self.items)
        if method == "items":
            return lambda query: engine.sources["items"].candidates(query, DEPTH).ids
        if method == "ease":
            return lambda query: self._by_ease(query)
        return lambda query: engine.rank(method, query, DEPTH).ids

    def _by_ease(self, query: Query) -> Ints:
        scores = self.ease.scores(query.seeds)
        scores[query.unwanted] = -np.inf
        return top(scores, DEPTH).ids


def measure(rank: Rank, listeners: list[Listener], revealed: int) -> dict[str, NDArray[Any]]:
    """NDCG@10 and Recall@20 of each listener who has more artists than are revealed."""
    gains, found = [], []
    for listener in listeners:
        seeds, relevant = listener.artists[:revealed], listener.artists[revealed:]
        if not len(relevant):
            continue
        ranked = rank(Query(seeds))
        if np.isin(ranked, seeds).any():
            raise AssertionError("what was revealed was recommended")
        hit = hits(ranked, relevant)
        gains.append(ndcg(hit, 10, len(relevant)))
        found.append(recall(hit, 20, len(relevant)))
    return {"ndcg@10": np.array(gains), "recall@20": np.array(found)}


def interval(differences: NDArray[Any], rng: np.random.Generator) -> tuple[float, float]:
    """The 95 % interval of a mean over listeners, by `RESAMPLES` bootstrap samples."""
    n = len(differences)
    means = differences[rng.integers(n, size=(RESAMPLES, n))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def compare(found: dict[str, NDArray[Any]], rng: np.random.Generator) -> dict[str, Any]:
    """The hybrid against each other method, and which single source is the best."""
    best = max(SINGLE, key=lambda name: float(found[name].mean()))
    differences = {}
    for name in METHODS[:-1]:
        one = found["hybrid"] - found[name]
        differences[name] = {
            "difference": round(float(one.mean()), 4), "interval": interval(one, rng)
        }  # fmt: skip
    return {"best single": best, "hybrid minus": differences}


def run(models: Models, listeners: list[Listener]) -> dict[int, Any]:
    """The table, by number of seeds."""
    table = {}
    for revealed in REVEALED:
        found = {name: measure(models.rank(name), listeners, revealed) for name in METHODS}
        gains = {name: one["ndcg@10"] for name, one in found.items()}
        table[revealed] = {
            "listeners": len(gains["hybrid"]),
            "figures": {
                name: {metric: round(float(one.mean()), 4) for metric, one in figures.items()}
                for name, figures in found.items()
            },
            **compare(gains, np.random.default_rng(0)),
        }
    return table


def show(table: dict[int, Any]) -> None:
    """Print NDCG@10 and Recall@20, and the hybrid's lead."""
    print(f"{'':10}" + "".join(f"{f'N@10, {seeds}':>10}{'R@20':>8}" for seeds in table))
    for name in METHODS:
        cells = [one["figures"][name] for one in table.values()]
        print(f"{name:10}" + "".join(f"{c['ndcg@10']:10.4f}{c['recall@20']:8.4f}" for c in cells))
    print()
    for seeds, one in table.items():
        lead = one["hybrid minus"][one["best single"]]
        low, high = lead["interval"]
        print(
            f"{seeds} seeds, {one['listeners']} listeners: hybrid minus {one['best single']} "
            f"{lead['difference']:+.4f} ({low:+.4f} to {high:+.4f})"
        )


def main() -> None:
    """Train, rank, measure, and write it down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    for part in ("valid", "test"):
        parser.add_argument(f"--{part}", type=Path, help=f"default: DIR/listeners_{part}.txt")
    parser.add_argument("--on", default="test", choices=("test", "valid"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    files = [getattr(options, part) or options.data / f"listeners_{part}.txt"
             for part in ("valid", "test")]  # fmt: skip
    data = read_data(options.data, *files)
    models = Models(data)
    table = run(models, listeners_of(data, options.on))
    show(table)
    if options.json:
        document = {"on": options.on, "by seeds": table, "seconds": models.seconds}
        document["settings"] = {"svd": vars(SVD), "items": vars(ITEMS), "ease": EASE,
                                "weights": RANKER.weights, "constant": RANKER.constant,
                                "candidates": RANKER.candidates}  # fmt: skip
        document["machine"] = describe_machine()
        document["versions"] = versions_of(["recsys-dagster", "numpy", "numba"])
        write_json(document, options.json)


if __name__ == "__main__":
    main()
