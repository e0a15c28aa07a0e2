"""One query for the 100 nearest songs by 13 audio features: ours against scikit-learn's brute.

python benchmarks/knn.py [--songs N] [--json FILE]

Both are exact; the ids of both are compared first. Where there are songs enough, `shortlist` is
what a release of so many is served by.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.neighbors import NearestNeighbors
from timing import compare, report

from recsys_dagster.audio.features import FEATURE_TABLE, FEATURES
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.shortlist import LEAST_ROWS, Shortlist

NEAREST = 100


def made_up_features(songs: int) -> np.ndarray:
    """Features drawn evenly from their ranges, (songs, 13) float64."""
    rng = np.random.default_rng(0)
    low = np.array([one.low for one in FEATURE_TABLE])
    high = np.array([one.high for one in FEATURE_TABLE])
    drawn = low + rng.random((songs, len(FEATURE_TABLE))) * (high - low)
    whole = [position for position, one in enumerate(FEATURE_TABLE) if one.whole]
    drawn[:, whole] = drawn[:, whole].round()
    return drawn


def by_shortlist(index: KnnIndex, made: Shortlist, query: np.ndarray) -> np.ndarray:
    """The ids of the nearest among those of the shortlist."""
    return index.query(query, NEAREST, among=made.find(query, NEAREST))[0]


def recall(index: KnnIndex, made: Shortlist, queries: np.ndarray) -> float:
    """The share of the nearest songs that the shortlist finds."""
    found = [
        np.isin(index.query(query, NEAREST)[0], by_shortlist(index, made, query)).mean()
        for query in queries
    ]
    return float(np.mean(found))


def main() -> None:
    """Time single queries, a hundred a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    index = KnnIndex.build(np.arange(options.songs), made_up_features(options.songs), FEATURES)
    rows = np.ascontiguousarray(index.vectors.T)
    brute = NearestNeighbors(n_neighbors=NEAREST, algorithm="brute", metric="cosine").fit(rows)
    queries = rows[np.random.default_rng(1).integers(0, len(rows), 100)]
    ids, _ = index.query(queries[0], NEAREST)
    theirs = index.song_ids[brute.kneighbors(queries[:1], return_distance=False)[0]]
    print(f"same songs in one query: {len(np.intersect1d(ids, theirs))} of {NEAREST}")
    ways = {
        "ours": lambda: [index.query(query, NEAREST) for query in queries],
        "scikit-learn brute": lambda: [brute.kneighbors(query[None]) for query in queries],
    }
    if options.songs >= LEAST_ROWS:
        made = Shortlist.build(np.arange(len(index)), lambda part: index.vectors[:, part].T)
        ways["ours, shortlist"] = lambda: [by_shortlist(index, made, query) for query in queries]
        print(f"recall@{NEAREST} of the shortlist: {recall(index, made, queries):.4f}")
    figures = compare(ways, options.rounds)
    title = f"100 queries for the {NEAREST} nearest of {options.songs:,} songs"
    report(title, figures, ["numpy", "scikit-learn", "faiss-cpu"], options.json)


if __name__ == "__main__":
    main()
