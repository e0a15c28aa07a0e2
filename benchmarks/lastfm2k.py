"""Ranking on the fixed LastFM split: ours beside popularity, item-kNN, EASE and iALS.

python benchmarks/lastfm2k.py --data DIR [--seeds N] [--only NAME…] [--json FILE]

DIR holds train.txt and test.txt, a listener a line: their number and those of their artists. All
artists are ranked but those that the listener has in train, equal scores by number. Recall@10 is
the share of a listener's test artists among the first ten, NDCG@10 has gain 1 for each; both are
means over the listeners who have test artists. Methods that draw by chance run once a seed, and
the mean and standard deviation over the seeds are told.

popularity  listeners in train
item-knn    the sum of the cosines to the listener's artists (all of them, no shrinkage)
ease        EASE, λ = 100: Steck 2019, "Embarrassingly shallow autoencoders for sparse data"
ials        implicit's alternating least squares, 64 factors; regularization (0.1 to 100) and
            alpha (1 to 40) as they were best on valid.txt, in 45 trials
ours        the `ranking` objective with its default settings
ours-128    the same with 128 factors
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from machine import describe_machine, versions_of, write_json
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

FIRST = 10
EASE_REGULARISATION = 100.0
IALS = {"factors": 64, "regularization": 60.0, "alpha": 12.0, "iterations": 15}

Scores = NDArray[Any]


def ours(train: csr_matrix, seed: int, factors: int) -> Scores:
    """Scores of all artists by our `ranking` objective, (listeners, artists)."""
    from recsys_dagster.models.svd.config import RankingConfig
    from recsys_dagster.models.svd.training import refit

    pairs = train.tocoo()
    config = RankingConfig(factors=factors, seed=seed)
    listeners, artists = train.shape
    model = refit(
        *(pairs.row, pairs.col, pairs.data), n_users=listeners, n_items=artists,
        epochs=config.epochs, config=config,
    ).model  # fmt: skip
    return np.asarray(model.user_factors @ model.item_factors.T)


def popularity(train: csr_matrix, _seed: int) -> Scores:
    """The same scores for all: the number of listeners."""
    listeners = np.asarray(train.sum(axis=0)).ravel()
    return np.asarray(np.broadcast_to(listeners, train.shape))


def item_knn(train: csr_matrix, _seed: int) -> Scores:
    """X C with C the cosines of the columns of X, as (X Nᵀ) N with N = X of unit columns."""
    listens = train.toarray()
    lengths = np.sqrt(listens.sum(axis=0))
    unit = listens / np.maximum(lengths, 1)
    return (listens @ unit.T) @ unit


def ease(train: csr_matrix, _seed: int) -> Scores:
    """X - (K X) D⁻¹ with K = (X Xᵀ + λ)⁻¹ and D the diagonal of P = (Xᵀ X + λ)⁻¹.

    This is X B with the B of the paper (λ on the side with fewer rows gives the same: X P = K X,
    and P = (1 - Xᵀ K X) / λ), without a matrix of artists by artists.
    """
    listens = train.toarray()
    system = listens @ listens.T + EASE_REGULARISATION * np.eye(len(listens))
    projected = np.linalg.solve(system, listens)
    diagonal = (1 - np.einsum("ui,ui->i", listens, projected)) / EASE_REGULARISATION
    return np.asarray(listens - projected / diagonal)


def ials(train: csr_matrix, seed: int) -> Scores:
    """Alternating least squares with the confidence of unseen pairs at 1."""
    from implicit.cpu.als import AlternatingLeastSquares

    # It has threads of its own, and warns where BLAS has more.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(**IALS, random_state=seed)
        model.fit(train, show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T)


METHODS: dict[str, Callable[[csr_matrix, int], Scores]] = {
    "popularity": popularity,
    "item-knn": item_knn,
    "ease": ease,
    "ials": ials,
    "ours": partial(ours, factors=64),
    "ours-128": partial(ours, factors=128),
}
BY_CHANCE = ("ials", "ours", "ours-128")


def read_lists(path: Path) -> list[NDArray[np.int64]]:
    """Artists of each listener."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [np.array(line.split(), dtype=np.int64) for line in lines]
    lists = [np.empty(0, dtype=np.int64)] * (1 + max(int(row[0]) for row in rows))
    for row in rows:
        lists[row[0]] = row[1:]
    return lists


def matrix_of(lists: list[NDArray[np.int64]], artists: int) -> csr_matrix:
    """(listeners, artists) of ones and zeros."""
    columns = np.concatenate(lists)
    rows = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    ones = np.ones(len(columns), dtype=np.float32)
    return csr_matrix((ones, (rows, columns)), shape=(len(lists), artists))


def evaluate(scores: Scores, train: csr_matrix, test: list[NDArray[np.int64]]) -> dict[str, float]:
    """Recall@10 and NDCG@10, means over the listeners who have test artists."""
    discounts = 1 / np.log2(np.arange(2, FIRST + 2))
    recalls, gains = [], []
    for listener, relevant in enumerate(test):
        if not len(relevant):
            continue
        mine = np.array(scores[listener], dtype=np.float64)
        mine[train[listener].indices] = -np.inf
        hit = np.isin(np.argsort(-mine, kind="stable")[:FIRST], relevant)
        recalls.append(hit.sum() / len(relevant))
        gains.append((hit * discounts).sum() / discounts[: len(relevant)].sum())
    return {"recall@10": float(np.mean(recalls)), "ndcg@10": float(np.mean(gains))}


def measure(
    name: str, train: csr_matrix, test: list[NDArray[np.int64]], seeds: int
) -> dict[str, Any]:
    """Means over the seeds, their deviations, and seconds of training and scoring."""
    found, seconds = [], []
    for seed in range(seeds if name in BY_CHANCE else 1):
        started = time.perf_counter()
        scores = METHODS[name](train, seed)
        seconds.append(time.perf_counter() - started)
        found.append(evaluate(scores, train, test))
    values = {metric: [one[metric] for one in found] for metric in found[0]}
    return {
        **{metric: mean(ones) for metric, ones in values.items()},
        "deviation": {k: stdev(v) if len(v) > 1 else None for k, v in values.items()},
        "seeds": found,
        "seconds": mean(seconds),
    }


def main() -> None:
    """Train on train.txt, rank, and measure on test.txt."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--on", default="test", choices=("test", "valid"), help="what to rank for")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    lists, test = (read_lists(options.data / f"{part}.txt") for part in ("train", options.on))
    both = [*lists, *read_lists(options.data / "valid.txt"), *read_lists(options.data / "test.txt")]
    train = matrix_of(lists, 1 + int(np.concatenate(both).max()))
    test += [np.empty(0, dtype=np.int64)] * (len(lists) - len(test))
    print(f"{train.shape[0]:,} listeners, {train.shape[1]:,} artists, {train.nnz:,} pairs\n")
    print(f"{'':14}{'R@10':>8}{'±':>8}{'N@10':>8}{'±':>8}{'seconds':>9}")
    figures, absent = {}, {}
    for name in options.only:
        try:
            figures[name] = measure(name, train, test, options.seeds)
            print(line(name, figures[name]), flush=True)
        except ModuleNotFoundError as error:
            absent[name] = str(error)
            print(f"{name:14}skipped: {error}", flush=True)
    if options.json:
        document = {"on": options.on, "figures": figures, "absent": absent, "ials": IALS}
        document["machine"] = describe_machine()
        document["versions"] = versions_of(["recsys-dagster", "numpy", "scipy", "implicit"])
        write_json(document, options.json)


def line(name: str, row: dict[str, Any]) -> str:
    """One row of the table."""
    cells = ""
    for metric in ("recall@10", "ndcg@10"):
        spread = row["deviation"][metric]
        cells += f"{row[metric]:8.4f}" + ("       -" if spread is None else f"{spread:8.4f}")
    return f"{name:14}{cells}{row['seconds']:9.1f}"


if __name__ == "__main__":
    main()
