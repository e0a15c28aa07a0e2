"""The app's task on real listeners: ours beside its parts and what it replaces.

python benchmarks/listeners2k.py --data DIR [--valid FILE --test FILE] [--on valid|test] [--als]
    --json FILE

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
svd       the `ranking` objective, listeners folded in; with --als as on a cluster, by MLlib
fusion    svd and items, joined by reciprocal rank
hybrid    what the pipeline makes: candidates of svd, items, knn and popular, joined by the ranker
          that was learned on training listeners, each asked of models that had not seen them

Cold artists: one in ten of those with audio (by a hash of the name) is hidden from all training;
of the listeners in `--on` who play any, 5 others are revealed, and the hidden ones are to be found
among all artists, and among the hidden ones alone. Recall@20.

Held-out listeners are few, so the same is asked of the training listeners too, each of models and
of a ranker that have not seen them ("crosswise"): there are seven times as many.

The settings were chosen on the valid listeners; all trials are in listeners2k_trials.jsonl.
"""

import argparse
import csv
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np
import polars as pl
from machine import describe_machine, versions_of, write_json
from numpy.typing import NDArray

from recsys_dagster.evaluation.cases import Case
from recsys_dagster.evaluation.learning import Example, Lesson, gather, learn_ranker
from recsys_dagster.evaluation.metrics import hits, ndcg, recall
from recsys_dagster.evaluation.split import hide
from recsys_dagster.models.cold import warm_up
from recsys_dagster.models.ease import Ease
from recsys_dagster.models.item_knn import ItemKnn, ItemKnnConfig
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.config import RankingConfig
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.training import refit
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.ranker import Fusion, Ranker, Rankers
from recsys_dagster.recommend.sources import Query, top

REVEALED = (1, 3, 5)
SVD = RankingConfig(factors=128)
ITEMS = ItemKnnConfig()
EASE = 400.0
FUSION = Fusion({"svd": 1.0, "items": 0.7})
SINGLE = ("popular", "knn", "items", "ease", "svd")
METHODS = ("popular", "seed", "knn", "items", "ease", "svd", "fusion", "hybrid")
COLD_METHODS = ("random", "popular", "knn", "svd", "hybrid")
FOLDS = 5
RESAMPLES = 1000
DEPTH = 20

Ints = NDArray[np.int64]
Rank = Callable[[Query], Ints]
Pairs = tuple[Ints, Ints, Ints]
Fit = Callable[[Pairs, dict[str, int]], SvdModel]


@dataclass(frozen=True)
class Data:
    """Pairs of listener, artist and plays; the listeners' and artists' numbers are dense.

    Attributes
    ----------
    held
        By part, the listeners who are not trained on.
    audio_ids, audio, columns
        The artists with features, their features (n, c), and what these are.
    names
        Of the artists with features.
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
    names: list[str]


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
        users, items, raw[:, 2], len(listeners), len(artists), held, ids, audio, header[3:],
        [row[1] for row in known],
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


def by_descent(pairs: Pairs, size: dict[str, int]) -> SvdModel:
    """The factorisation of one machine."""
    return refit(*pairs, **size, config=SVD, epochs=SVD.epochs).model


@contextmanager
def by_als() -> Iterator[Fit]:
    """That of a cluster, a master and two workers on this machine, as the pipeline has it."""
    from recsys_dagster.engines.spark.als import fit_als
    from recsys_dagster.engines.spark.session import open_session
    from recsys_dagster.models.svd.als_config import als_config
    from recsys_dagster.settings import load_settings
    from recsys_dagster_tests.clusters import cluster

    with TemporaryDirectory() as room, cluster(lasting=True) as made:
        os.environ |= {**made.settings(), "PYSPARK_PYTHON": sys.executable}
        with open_session(load_settings(Path(room))) as session:

            def fit(pairs: Pairs, size: dict[str, int]) -> SvdModel:
                columns = dict(zip(("listener", "song", "plays"), pairs, strict=True))
                table = session.createDataFrame(pl.DataFrame(columns).to_arrow())
                config = als_config("ranking", float(np.log1p(pairs[2]).mean()), size["n_users"])
                return fit_als(table, np.unique(pairs[1]), **size, config=config,
                               scratch=Path(mkdtemp(dir=room)))  # fmt: skip

            yield fit


class Trained:
    """Models that were trained on some pairs, and engines over them.

    Attributes
    ----------
    seconds
        How long each took.
    """

    def __init__(
        self, data: Data, learn: NDArray[np.bool_], fit: Fit, *, ease: bool = False
    ) -> None:
        pairs = (data.users[learn], data.items[learn], data.plays[learn])
        size: dict[str, Any] = {"n_users": data.n_users, "n_items": data.n_items}
        self.seconds: dict[str, float] = {}
        knn = KnnIndex.build(data.audio_ids, data.audio, data.columns)
        svd = self._timed("svd", lambda: fit(pairs, size))
        items = self._timed("items", lambda: ItemKnn.fit(*pairs, **size, config=ITEMS))
        self.ease = None
        if ease:
            by_ease = partial(Ease.fit, *pairs[:2], **size, regularisation=EASE)
            self.ease = self._timed("ease", by_ease)
        listeners = np.bincount(pairs[1], minlength=data.n_items)
        # Items are artists here, so no two are by the same.
        artists = np.arange(data.n_items)
        audio = knn.vector(artists)
        warmed = self._timed("cold", lambda: warm_up(svd, listeners, artists, audio).model)
        everything = np.ones(data.n_items, dtype=bool)
        self.models = Models(warmed, knn, listeners, listeners, artists, items, everything)

    def _timed(self, name: str, fit: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        model = fit()
        self.seconds[name] = round(time.perf_counter() - started, 1)
        return model

    def engine(self, ranker: Ranker, available: NDArray[np.bool_] | None = None) -> Engine:
        """An engine with a ranker; `available` if not all artists may be recommended."""
        models = self.models if available is None else replace(self.models, available=available)
        return Engine(models, Rankers.alike(ranker))

    def by_ease(self, query: Query) -> Ints:
        """What EASE ranks first."""
        scores = self.ease.scores(query.seeds)  # type: ignore[union-attr]
        scores[query.unwanted] = -np.inf
        return top(scores, DEPTH).ids


def learned_ranker(data: Data, fit: Fit) -> tuple[Lesson, list[Example]]:
    """The ranker, and what it was learned from: listeners whom their fold's models do not know."""
    held = np.isin(data.users, np.concatenate(list(data.held.values())))
    fold = np.random.default_rng(0).integers(FOLDS, size=data.n_users)
    examples = []
    for number in range(FOLDS):
        mine = fold[data.users] == number
        engine = Trained(data, ~held & ~mine, fit).engine(FUSION)
        asked = {**data.held, "fold": np.unique(data.users[~held & mine])}
        cases = [
            Case(Query(one.artists[:seeds]), one.artists[seeds:], int(user), number, number)
            for seeds in REVEALED
            for user, one in zip(
                asked["fold"], listeners_of(replace(data, held=asked), "fold"), strict=True
            )
            if len(one.artists) > seeds
        ]
        examples += gather(cases, partial(_same, engine), most=data.n_users)
        print(f"candidates of fold {number + 1} of {FOLDS}", flush=True)
    return learn_ranker(examples), examples


def crosswise(lesson: Lesson, examples: list[Example]) -> dict[int, Any]:
    """NDCG@10 of training listeners, asked of models and a ranker that have not seen them."""
    alone = {name: Fusion({name: 1.0}) for name in ("popular", "knn", "items", "svd")}
    table = {}
    for seeds in REVEALED:
        asked = [one for one in examples if len(one.case.query.seeds) == seeds]
        gains = {
            name: np.array([one.ndcg(ranker) for one in asked])
            for name, ranker in {**alone, "fusion": FUSION}.items()
        }
        gains["hybrid"] = np.array([one.ndcg(lesson.by_group[one.case.group]) for one in asked])
        best = max(alone, key=lambda name: float(gains[name].mean()))
        apart = gains["hybrid"] - gains[best]
        table[seeds] = {
            "listeners": len(asked),
            "ndcg@10": {name: round(float(one.mean()), 4) for name, one in gains.items()},
            "best single": best,
            "hybrid minus it": round(float(apart.mean()), 4),
            "interval": interval(apart, np.random.default_rng(0)),
        }
    return table


def _same(engine: Engine, _: Case) -> Engine:
    return engine


def rankings(trained: Trained, ranker: Ranker) -> dict[str, Rank]:
    """Each method as a function from a query to artists, best first."""
    engine, fused = trained.engine(ranker), trained.engine(FUSION)
    found: dict[str, Rank] = {
        name: partial(_ranked, engine, name) for name in METHODS if name not in ("ease", "fusion")
    }
    return {**found, "ease": trained.by_ease, "fusion": partial(_ranked, fused, "hybrid")}


def _ranked(engine: Engine, method: str, query: Query) -> Ints:
    return engine.rank(method, query, DEPTH).ids


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


def run(ranks: dict[str, Rank], listeners: list[Listener]) -> dict[int, Any]:
    """The table, by number of seeds."""
    table = {}
    for revealed in REVEALED:
        found = {name: measure(ranks[name], listeners, revealed) for name in METHODS}
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


def hidden_artists(data: Data) -> NDArray[np.bool_]:
    """One in ten of the artists with audio, by a hash of the name, (n_items,)."""
    hidden = np.zeros(data.n_items, dtype=bool)
    hidden[data.audio_ids] = hide([name.lower() for name in data.names])
    return hidden


def run_cold(data: Data, ranker: Ranker, listeners: list[Listener], fit: Fit) -> dict[str, Any]:
    """Recall@20 of artists that nothing was trained on, with intervals."""
    hidden, rng = hidden_artists(data), np.random.default_rng(0)
    held = np.isin(data.users, np.concatenate(list(data.held.values())))
    trained = Trained(data, ~held & ~hidden[data.items], fit)
    table: dict[str, Any] = {"artists": int(hidden.sum())}
    for among, available in (("all", None), ("hidden", hidden)):
        engine = trained.engine(ranker, available)
        ranks = {name: partial(_ranked, engine, name) for name in COLD_METHODS if name != "random"}
        songs = np.arange(data.n_items) if available is None else np.flatnonzero(hidden)
        ranks["random"] = lambda query, songs=songs: rng.permutation(
            np.setdiff1d(songs, query.unwanted)
        )[:DEPTH]
        table[among] = {name: cold_recall(ranks[name], listeners, hidden) for name in COLD_METHODS}
    return table


def cold_recall(rank: Rank, listeners: list[Listener], hidden: NDArray[np.bool_]) -> dict[str, Any]:
    """Recall@20 over the hidden artists that the listeners play, 5 others revealed."""
    found = []
    for listener in listeners:
        cold = hidden[listener.artists]
        seeds, relevant = listener.artists[~cold][: REVEALED[-1]], listener.artists[cold]
        if len(seeds) and len(relevant):
            found.append(float(recall(hits(rank(Query(seeds)), relevant), DEPTH, len(relevant))))
    values = np.array(found)
    return {"listeners": len(values), "recall@20": round(float(values.mean()), 4),
            "interval": interval(values, np.random.default_rng(0))}  # fmt: skip


def show_cold(table: dict[str, Any]) -> None:
    """Print the recall of cold artists."""
    print(f"\n{table['artists']} cold artists, Recall@20, 5 seeds")
    for among in ("all", "hidden"):
        for name, one in table[among].items():
            low, high = one["interval"]
            print(f"among {among:6} {name:8} {one['recall@20']:.4f} ({low:.4f} to {high:.4f})")


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


def show_crosswise(table: dict[int, Any]) -> None:
    """Print the figures of the training listeners, and the hybrid's lead."""
    print("\ncrosswise, training listeners")
    for seeds, one in table.items():
        cells = "  ".join(f"{name} {value:.4f}" for name, value in one["ndcg@10"].items())
        low, high = one["interval"]
        print(f"{seeds} seeds, {one['listeners']} listeners: {cells}")
        print(f"  hybrid minus {one['best single']} {one['hybrid minus it']:+.4f} "
              f"({low:+.4f} to {high:+.4f})")  # fmt: skip


def main() -> None:
    """Read the options, and start a cluster where one is wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    for part in ("valid", "test"):
        parser.add_argument(f"--{part}", type=Path, help=f"default: DIR/listeners_{part}.txt")
    parser.add_argument("--on", default="test", choices=("test", "valid"))
    parser.add_argument("--als", action="store_true", help="svd by MLlib, on a Spark cluster")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with by_als() if options.als else nullcontext(by_descent) as fit:
        measure_all(options, fit)


def measure_all(options: argparse.Namespace, fit: Fit) -> None:
    """Train, rank, measure, and write it down."""
    files = [getattr(options, part) or options.data / f"listeners_{part}.txt"
             for part in ("valid", "test")]  # fmt: skip
    data = read_data(options.data, *files)
    lesson, examples = learned_ranker(data, fit)
    held = np.isin(data.users, np.concatenate(list(data.held.values())))
    trained = Trained(data, ~held, fit, ease=True)
    listeners = listeners_of(data, options.on)
    table = run(rankings(trained, lesson.final), listeners)
    cold = run_cold(data, lesson.final, listeners, fit)
    show(table)
    show_cold(cold)
    across = crosswise(lesson, examples)
    show_crosswise(across)
    if options.json:
        document = {"on": options.on, "by seeds": table, "cold": cold, "seconds": trained.seconds}
        document["crosswise"] = across
        document["ranker"] = lesson.describe()
        svd = "als_config" if options.als else vars(SVD)
        document["settings"] = {"svd": svd, "items": vars(ITEMS), "ease": EASE,
                                "fusion": FUSION.describe()}  # fmt: skip
        document["machine"] = describe_machine()
        document["versions"] = versions_of(["recsys-dagster", "numpy", "numba", "scikit-learn"])
        write_json(document, options.json)


if __name__ == "__main__":
    main()
