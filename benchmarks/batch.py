"""Recommendations for all listeners at once: listeners a second.

python benchmarks/batch.py [--songs N] [--listeners N] [--rounds N] [--json FILE]

Made-up songs and listeners with about 190 songs each, log-normal; 20 songs for every listener, by
the factorisation alone and by the hybrid with a learned ranker (both kinds of model), on two
threads. implicit's `recommend` for all users is the peer of the factorisation, over the same
factors, without folding in: it takes the listeners' vectors as they were trained, where ours are
found from the histories, as single requests do. Processor milliseconds a listener, of all threads
together, tell more than seconds where others use the cores too; two free cores give up to 2000
divided by them.
"""

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine, versions_of, write_json
from made_up import World

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.ranking.logistic import Logistic
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.models.svd.config import RankingConfig
from recsys_dagster.models.svd.fitting import fit_all
from recsys_dagster.recommend.batch import recommend_all
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.packing import Histories
from recsys_dagster.recommend.ranker import Fusion, Learned, Rankers
from recsys_dagster.recommend.sources import Query

SONGS_LISTENED, N, THREADS, SONGS_EACH = 190, 20, 2, 8
LEARNED_FROM = 100
Columns = tuple[np.ndarray, np.ndarray, np.ndarray]
Figures = dict[str, float]


def made_up_pairs(songs: int, listeners: int) -> Columns:
    """Users, songs and plays of distinct pairs, sorted by user and song."""
    rng = np.random.default_rng(0)
    world = World.drawn(listeners, songs, rng)
    users, items = world.pairs(int(1.15 * SONGS_LISTENED * listeners), rng)
    keys = np.unique(users.astype(np.int64) * songs + items)
    users, items = (column.astype(np.int32) for column in np.divmod(keys, songs))
    return users, items, world.plays(users, items, rng)


def made_up_engine(pairs: Columns, songs: int, listeners: int, epochs: int) -> Engine:
    """Models of the pairs, sound by artist, and a ranker that was learned from some listeners."""
    _, items, plays = pairs
    rng = np.random.default_rng(1)
    size: dict[str, Any] = {"n_users": listeners, "n_items": songs}
    artist = np.sort(rng.integers(0, songs // SONGS_EACH, songs))
    sound = rng.normal(size=(songs // SONGS_EACH, 13))[artist] + rng.normal(size=(songs, 13)) / 2
    heard = np.flatnonzero(rng.random(songs) < 0.85)
    svd = fit_all(*pairs, epochs=epochs, config=RankingConfig(epochs=epochs), **size).model
    models = Models(
        svd, KnnIndex.build(heard, sound[heard], FEATURES),
        np.bincount(items, weights=plays, minlength=songs).astype(np.int64),
        np.bincount(items, minlength=songs), artist, ItemKnn.fit(*pairs, **size),
    )  # fmt: skip
    engine = Engine(models, Rankers.alike(Fusion()))
    return engine.with_rankers(Rankers.alike(learned(engine, histories_of(pairs, listeners))))


def histories_of(pairs: Columns, listeners: int) -> Histories:
    """The pairs by listener."""
    users, items, plays = pairs
    starts = np.searchsorted(users, np.arange(listeners + 1)).astype(np.int64)
    names = tuple(f"listener {number:07d}" for number in range(listeners))
    return Histories(names, starts, items, plays.astype(np.int64))


def learned(engine: Engine, histories: Histories) -> Learned:
    """A ranker that finds a part of histories from the rest."""
    rng = np.random.default_rng(2)
    rows, wanted = [], []
    for user in range(LEARNED_FROM):
        songs, plays = histories.at(user)
        kept = rng.random(len(songs)) < 0.6
        query = Query(songs[kept], np.log1p(plays[kept]).astype(np.float32))
        pool = engine.candidates(query, PARTS, 100)
        right = np.isin(pool.ids, songs[~kept])
        taken = right | (rng.random(len(right)) < 0.2)
        rows.append(engine.features(query)(pool)[taken])
        wanted.append(right[taken])
    features, right = np.concatenate(rows), np.concatenate(wanted)
    models = (kind.fit(features, right) for kind in (Logistic, Trees))
    return Learned(tuple(models), 100)


def peer(engine: Engine, pairs: Columns, listeners: int) -> Callable[[], object]:
    """Implicit's `recommend` for all users over the same factors."""
    from implicit.cpu.matrix_factorization_base import MatrixFactorizationBase
    from scipy.sparse import csr_matrix

    users, items, plays = pairs
    svd = engine.models.svd
    played = csr_matrix((plays.astype(np.float32), (users, items)),
                        (listeners, len(svd.item_factors)))  # fmt: skip

    class Theirs(MatrixFactorizationBase):
        def fit(self, user_items: object, show_progress: bool = True) -> None:
            """Nothing: the factors are there."""

        def save(self, fileobj_or_path: object) -> None:
            """Nothing."""

    model = Theirs(num_threads=THREADS)
    model.user_factors, model.item_factors = svd.user_factors, svd.item_factors
    return partial(model.recommend, np.arange(listeners), played, N=N)


def all_recommended(engine: Engine, histories: Histories, method: str) -> int:
    """Recommend for everybody; how many blocks came."""
    return len(list(recommend_all(engine, histories, method=method, n=N, threads=THREADS)))


def measure(
    runs: dict[str, Callable[[], object]], listeners: int, rounds: int
) -> dict[str, Figures]:
    """Run each once a round, after one that does not count."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            gc.collect()
            started, before = time.perf_counter(), time.process_time()
            run()
            if number:
                used = time.process_time() - before
                taken[name].append((time.perf_counter() - started, used))
    return {
        name: {
            "listeners_a_second": listeners / statistics.median(one[0] for one in found),
            "best_a_second": listeners / min(one[0] for one in found),
            "cpu_ms_a_listener": 1000 / listeners * statistics.median(one[1] for one in found),
        }
        for name, found in taken.items()
    }


def main() -> None:
    """Measure, print a table, and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=30_000)
    parser.add_argument("--listeners", type=int, default=2_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    pairs = made_up_pairs(asked.songs, asked.listeners)
    engine = made_up_engine(pairs, asked.songs, asked.listeners, asked.epochs)
    histories = histories_of(pairs, asked.listeners)
    runs: dict[str, Callable[[], object]] = {
        method: partial(all_recommended, engine, histories, method) for method in ("svd", "hybrid")
    }
    try:
        runs["implicit, no folding in"] = peer(engine, pairs, asked.listeners)
    except ImportError as error:
        print(f"implicit is left out: {error}")
    figures = measure(runs, asked.listeners, asked.rounds)
    lengths = np.diff(histories.starts)
    print(f"{asked.songs:,} songs; {asked.listeners:,} listeners of {lengths.mean():.0f} songs, "
          f"median {np.median(lengths):.0f}, most {lengths.max():,}\n")  # fmt: skip
    print(f"{'':26}{'listeners/s':>14}{'best':>10}{'CPU ms each':>14}")
    for name, row in figures.items():
        print(f"{name:26}{row['listeners_a_second']:14,.0f}{row['best_a_second']:10,.0f}"
              f"{row['cpu_ms_a_listener']:14.3f}")  # fmt: skip
    if asked.json:
        write_json(
            {"figures": figures, "songs": asked.songs, "listeners": asked.listeners,
             "machine": describe_machine(), "versions": versions_of(["numpy", "implicit"])},
            asked.json,
        )  # fmt: skip


if __name__ == "__main__":
    main()
