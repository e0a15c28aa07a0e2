"""Recommendations from a release of made-up songs: how long it takes to open, to ask, to search.

python benchmarks/recommend.py [--songs N …] [--requests N] [--keep DIR] [--json FILE]

Five seeds a request, songs that one listener played; 100 candidates a source. scikit-learn's brute
search finds the 100 nearest songs to the seeds' mean, which is one part of what the replaced
system does. Requests and searches differ from each other; times are of single ones.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from machine import describe_machine, versions_of, write_json
from made_up import draw_split
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import ThreadpoolController

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.demo.genres import GENRES
from recsys_dagster.demo.naming import make_names
from recsys_dagster.demo.sound import make_sound
from recsys_dagster.identity import SongKeys
from recsys_dagster.listening.songs import SONGS_SCHEMA
from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.ranking.logistic import Logistic
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.models.svd.config import RankingConfig
from recsys_dagster.models.svd.fitting import fit_all
from recsys_dagster.recommend import Recommender
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.packing import Histories, Parts, pack, unpack
from recsys_dagster.recommend.ranker import Fusion, Learned, Rankers
from recsys_dagster.recommend.sources import Knn, Query, Svd
from recsys_dagster.storage.releases import Releases

PLAYED_EACH, SONGS_EACH, UNHEARD = 8, 8, 0.15
NEAREST = 100
LEARNED_FROM = 100
Row = dict[str, float]


def made_up_parts(songs: int, epochs: int, seed: int = 0) -> Parts:
    """A world of songs by artists of eight songs each, and listeners; the factors are trained."""
    rng = np.random.default_rng(seed)
    users = max(200, songs // 40)
    drawn = draw_split(PLAYED_EACH * songs, songs, users, seed)
    order = np.lexsort((drawn["train_items"], drawn["train_users"]))
    user, item, plays = (drawn[f"train_{name}"][order] for name in ("users", "items", "plays"))
    model = fit_all(
        user, item, plays, n_users=users, n_items=songs, epochs=epochs,
        config=RankingConfig(epochs=epochs),
    ).model  # fmt: skip
    names = tuple(f"listener {number:07d}" for number in range(users))
    starts = np.searchsorted(user, np.arange(users + 1)).astype(np.int64)
    artist = np.sort(rng.integers(0, max(songs // SONGS_EACH, 1), songs))
    artist = rng.permutation(artist.max() + 1)[artist]
    features = _features(artist, rng)
    heard = np.flatnonzero(np.isfinite(features).any(axis=1))
    parts = Parts(
        _songs(artist, item, plays, rng),
        artist.astype(np.int32),
        features.astype(np.float32),
        FEATURES,
        model,
        ItemKnn.fit(user, item, plays, n_users=users, n_items=songs),
        KnnIndex.build(heard, features[heard], FEATURES),
        Rankers.alike(Fusion()),
        Histories(names, starts, item.astype(np.int32), plays.astype(np.int64)),
    )
    return replace(parts, ranker=Rankers.alike(_learned(parts, rng)))


def _learned(parts: Parts, rng: np.random.Generator) -> Learned:
    """A ranker of full size; what is wanted is drawn, as that makes no difference to the time."""
    engine, found = Engine(parts.models, parts.ranker), []
    for seeds in requests(parts, LEARNED_FROM, rng):
        query = Query(np.array(seeds))
        found.append(engine.features(query)(engine.candidates(query, PARTS, NEAREST)))
    rows = np.concatenate(found)
    likely = 1 / (1 + np.exp(3 - rows[:, 0] - 2 * rows[:, 5] * rows[:, 10]))
    wanted = rng.random(len(rows)) < likely
    return Learned(tuple(model.fit(rows, wanted) for model in (Logistic, Trees)))


def _features(artist: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    genre = rng.integers(0, len(GENRES), artist.max() + 1)
    features = make_sound(genre, artist, rng).features.select(FEATURES).to_numpy().astype(float)
    features[rng.random(len(features)) < UNHEARD] = np.nan
    return features


def _songs(
    artist: np.ndarray, item: np.ndarray, plays: np.ndarray, rng: np.random.Generator
) -> pl.DataFrame:
    size = len(artist)
    order = np.argsort(artist, kind="stable")
    names = make_names(np.bincount(artist), rng)
    place = np.argsort(order)
    table = pl.DataFrame(
        {
            "song_id": np.arange(size),
            "artist": names.artist.gather(artist),
            "title": names.title.gather(place),
            "plays": np.bincount(item, weights=plays, minlength=size).astype(np.int64),
            "listeners": np.bincount(item, minlength=size),
            "spotify_id": pl.Series([None] * size, dtype=pl.String),
            "spotify_ids": pl.Series([[]] * size, dtype=pl.List(pl.String)),
            "batch": np.arange(size) // 500,
        }
    )
    keyed = SongKeys().add(table).sort("song_id")
    return keyed.select(list(SONGS_SCHEMA)).cast(dict(SONGS_SCHEMA))


def released(directory: Path, songs: int, epochs: int) -> Releases:
    """Releases of which the current one has so many songs; what is there already is taken."""
    releases = Releases(directory / f"{songs}")
    if releases.current_id() is None:
        parts = made_up_parts(songs, epochs)
        with releases.build() as building:
            pack(building, parts, {})
            releases.publish(building, figures={}, demo=True, check=lambda _: None)
    return releases


def requests(parts: Parts, count: int, rng: np.random.Generator) -> list[list[int]]:
    """Five songs each of listeners who played so many."""
    listened = parts.histories
    able = np.flatnonzero(np.diff(listened.starts) >= 5)
    return [
        rng.choice(listened.songs[slice(*listened.starts[user : user + 2])], 5, replace=False)
        .astype(int).tolist()
        for user in rng.choice(able, count)
    ]  # fmt: skip


def timed(runs: Sequence[Callable[[], object]], warm: int = 10) -> Row:
    """Median and 95th percentile of single calls in milliseconds, after some that do not count.

    Beside the time that passes, that of the processor, of all threads together: others at work on
    the machine make less of a difference to it.
    """
    taken, used = [], []
    for number, run in enumerate([*runs[:warm], *runs]):
        started, before = time.perf_counter(), time.process_time()
        run()
        if number >= warm:
            taken.append(1000 * (time.perf_counter() - started))
            used.append(1000 * (time.process_time() - before))
    return {
        "p50_ms": float(np.median(taken)),
        "p95_ms": float(np.quantile(taken, 0.95)),
        "cpu_p50_ms": float(np.median(used)),
        "cpu_p95_ms": float(np.quantile(used, 0.95)),
    }


def opening(releases: Releases, rounds: int = 5) -> dict[str, Row]:
    """Time from files to a recommender, with and without the check of every checksum."""
    release = releases.open_current()
    return {
        "open, checksums verified": timed(
            [lambda: Recommender.from_release(releases.open_current())] * rounds, warm=1
        ),
        "open": timed([lambda: Recommender.from_release(release)] * rounds, warm=1),
    }


def asking(parts: Parts, found: Recommender, asked: list[list[int]]) -> dict[str, Row]:
    """Time whole requests, by songs' ids and names and with all that can be asked."""
    named = [[_name(found, song) for song in seeds] for seeds in asked]
    wished: dict[str, Any] = {
        "diversity": 0.3, "max_per_artist": 2, "popularity": "deep", "steer": {"energy": 0.5},
    }  # fmt: skip
    words = parts.songs["title"].gather(np.array(asked)[:, 0])
    other = [_name(found, seeds[0]) for seeds in reversed(asked)]
    return {
        "recommend, five ids": timed([lambda s=s: found.recommend(s) for s in asked]),
        "recommend, five names": timed([lambda s=s: found.recommend(s) for s in named]),
        "recommend, all options": timed(
            [
                lambda s=s, o=o: found.recommend(
                    s, **wished, exclude_songs=[o], exclude_artists=[o.split(" - ")[0]]
                )
                for s, o in zip(named, other, strict=True)
            ]
        ),
        "recommend, a listener": timed(
            [lambda u=u: found.recommend(user=u) for u in found.users[: len(asked)]]
        ),
        "search, a title": timed([lambda w=w: found.search(w) for w in words]),
        "search, three letters": timed([lambda w=w: found.search(w[:3]) for w in words]),
        "resolve, no such song": timed([lambda w=w: found.resolve(f"{w}q - {w}") for w in words]),
    }


def _name(found: Recommender, song_id: int) -> str:
    song = found.song(song_id)
    return f"{song.artist} - {song.title}"


def finding(parts: Parts, asked: list[list[int]]) -> tuple[dict[str, Row], dict[str, float]]:
    """Time single sources beside scikit-learn's brute search; recall of the shortlists."""
    available = parts.songs["plays"].to_numpy() > 0
    unavailable = np.flatnonzero(~available)
    queries = [Query(np.array(seeds)) for seeds in asked]
    rows, recalls = {}, {}
    for make in (lambda: Svd(parts.svd, available), lambda: Knn(parts.knn, unavailable)):
        exact, short = make(), make()
        short.shortlist = parts.shortlists.get(exact.name)
        rows[f"{exact.name}, exact"] = _timed_candidates(exact, queries)
        if short.shortlist:
            rows[f"{exact.name}, shortlist"] = _timed_candidates(short, queries)
            recalls[exact.name] = _recall(exact, short, queries)
    vectors = np.ascontiguousarray(parts.knn.vectors.T)
    brute = NearestNeighbors(n_neighbors=NEAREST, algorithm="brute", metric="cosine").fit(vectors)
    means = [parts.knn.mean(seeds)[None] for seeds in asked[:100]]
    rows["knn, scikit-learn brute"] = timed([lambda m=m: brute.kneighbors(m) for m in means])
    return rows, recalls


def _timed_candidates(source: Svd | Knn, queries: list[Query]) -> Row:
    with ThreadpoolController().limit(limits=1, user_api="blas"):  # as `Recommender` asks them
        return timed([lambda q=q: source.candidates(q, NEAREST) for q in queries])


def _recall(exact: Svd | Knn, short: Svd | Knn, queries: list[Query]) -> float:
    shares = []
    for query in queries:
        best = exact.candidates(query, NEAREST).ids
        if len(best):
            shares.append(np.isin(best, short.candidates(query, NEAREST).ids).mean())
    return float(np.mean(shares))


def measure(directory: Path, songs: int, epochs: int, count: int) -> dict[str, Any]:
    """All figures for a number of songs."""
    releases = released(directory, songs, epochs)
    rows = opening(releases)
    parts = unpack(releases.open_current().path)
    found = Recommender(parts, "benchmark")
    asked = requests(parts, count, np.random.default_rng(1))
    rows |= asking(parts, found, asked)
    sources, recalls = finding(parts, asked)
    return {"songs": songs, "rows": rows | sources, "recall_at_100": recalls}


def main() -> None:
    """Measure each size, print a table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, nargs="+", default=[30_000, 1_000_000])
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="where releases are kept for the next time")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    directory = options.keep or Path(tempfile.mkdtemp())
    found = []
    for songs in options.songs:
        found.append(measure(directory, songs, options.epochs, options.requests))
        columns = "".join(f"{name:>10}" for name in ("p50 ms", "p95 ms", "CPU p50", "CPU p95"))
        print(f"\n{songs:,} songs\n\n{'':34}{columns}")
        for name, row in found[-1]["rows"].items():
            print(f"{name:34}" + "".join(f"{one:10.2f}" for one in row.values()))
        for name, recall in found[-1]["recall_at_100"].items():
            print(f"recall@100 of the shortlist, {name:5}{recall:12.4f}")
    if not options.keep:
        shutil.rmtree(directory)
    if options.json:
        libraries = versions_of(["numpy", "polars", "scikit-learn", "faiss-cpu"])
        write_json(
            {"figures": found, "machine": describe_machine(), "versions": libraries}, options.json
        )


if __name__ == "__main__":
    main()
