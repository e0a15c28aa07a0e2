"""The factorisations that benchmarks/svd.py times beside ours: data in, `Run` out.

Clocks start at (n,) users, items and play counts in random order, and stop at a trained model.
`kernel` is the training loop alone.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from build_libmf import avx_build
from svd_task import (
    LEARNING_RATE,
    RANKING_FACTORS,
    REGULARISATION,
    AbsentError,
    Array,
    Clock,
    Data,
    Run,
)

LIBMF_STEP = 0.1  # its own default: LIBMF lowers the step row by row
PURE_PAIRS = 200_000
PURE_EPOCHS = 2
BPR_EPOCHS = 3


def libmf(data: Data, *, avx: bool) -> Run:
    """LIBMF, whose model has no biases."""
    library = avx_build()
    if avx and library is None:
        raise AbsentError("not built; run benchmarks/build_libmf.py")
    if avx:
        os.environ["LIBMF_OBJ"] = str(library)
    kernel, whole = Clock(), Clock()
    model = whole.timed(_train_libmf)(data, kernel)
    mean, mine, theirs = float(data.ratings.mean()), model.p_factors(), model.q_factors()

    def predict(users: Array, items: Array) -> Array:
        found = np.einsum("nk,nk->n", mine[users], theirs[items])
        return np.where(np.isnan(found), mean, found)

    updates = len(data.train[0]) * data.epochs
    return Run(updates, kernel.seconds, whole.seconds, data.rmse(predict))


def _train_libmf(data: Data, kernel: Clock) -> Any:
    from libmf import mf

    settings = {"fun": mf.P_L2_MFR, "k": data.factors, "nr_threads": data.threads, "quiet": True}
    none = dict.fromkeys(("lambda_p1", "lambda_q1"), 0.0)
    squares = dict.fromkeys(("lambda_p2", "lambda_q2"), REGULARISATION)
    model = mf.MF(nr_iters=data.epochs, eta=LIBMF_STEP, **settings, **none, **squares)
    triples = np.column_stack([*data.train[:2], data.ratings]).astype(np.float32)
    with while_threads(data.threads, kernel):
        model.fit(triples)
    return model


@contextmanager
def while_threads(count: int, clock: Clock) -> Iterator[None]:
    """Add the seconds in which the block has so many threads more than at its start.

    LIBMF tells no times, and starts its threads for the training loop alone. (OpenMP, which its
    preparation uses, has one fewer, since it counts the thread that calls.)
    """
    threads = Path("/proc/self/task")
    ended = Event()

    def watch(limit: int) -> None:
        before = time.perf_counter()
        while not ended.wait(0.001):
            now = time.perf_counter()
            if len(os.listdir(threads)) >= limit:  # noqa: PTH208 - a path for each is slow
                clock.seconds += now - before
            before = now

    # The watch is itself a thread.
    watcher = Thread(target=watch, args=(len(os.listdir(threads)) + 1 + count,))  # noqa: PTH208
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def cornac(data: Data) -> Run:
    """Cornac's MF with biases; it keeps the order that the pairs come in."""
    from cornac.data import Dataset
    from cornac.models import MF
    from cornac.models.mf import backend_cpu

    kernel, whole = Clock(), Clock()
    backend_cpu.fit_sgd = kernel.timed(backend_cpu.fit_sgd)
    model = MF(
        k=data.factors,
        max_iter=data.epochs,
        learning_rate=LEARNING_RATE,
        lambda_reg=REGULARISATION,
        num_threads=data.threads,
    )
    with whole.running():
        users, items, _ = data.train
        triples = zip(users.tolist(), items.tolist(), data.ratings.tolist(), strict=True)
        pairs = Dataset.build(triples)
        model.fit(pairs)
    predict = _with_biases(
        data,
        float(model.global_mean),
        (list(pairs.uid_map), model.u_factors, model.u_biases),
        (list(pairs.iid_map), model.i_factors, model.i_biases),
    )
    updates = len(data.train[0]) * data.epochs
    return Run(updates, kernel.seconds, whole.seconds, data.rmse(predict))


def _with_biases(
    data: Data,
    mean: float,
    mine: tuple[list[int], Array, Array],
    theirs: tuple[list[int], Array, Array],
) -> Callable[[Array, Array], Array]:
    (p, b_u), (q, b_i) = _by_id(data.users, *mine), _by_id(data.items, *theirs)

    def predict(users: Array, items: Array) -> Array:
        product = np.einsum("nk,nk->n", p[users], q[items])
        return np.asarray(mean + b_u[users] + b_i[items] + product)

    return predict


def _by_id(count: int, ids: list[int], factors: Array, biases: Array) -> tuple[Array, Array]:
    all_factors = np.zeros((count, factors.shape[1]), dtype=np.float32)
    all_biases = np.zeros(count, dtype=np.float32)
    all_factors[ids], all_biases[ids] = factors, biases
    return all_factors, all_biases


def surprise(data: Data) -> Run:
    """scikit-surprise's SVD, one thread; it takes the pairs user by user."""
    from surprise import SVD, Dataset, Reader

    kernel, whole = Clock(), Clock()
    settings = {"lr_all": LEARNING_RATE, "reg_all": REGULARISATION, "init_std_dev": 0.03}
    model = SVD(n_factors=data.factors, n_epochs=data.epochs, random_state=0, **settings)
    model.sgd = kernel.timed(model.sgd)
    with whole.running():
        reader = Reader(rating_scale=(0, float(data.ratings.max())))
        columns = (*data.train[:2], data.ratings)
        raw = zip(*(column.tolist() for column in columns), strict=True)
        pairs = Dataset(reader).construct_trainset([(*row, None) for row in raw])
        model.fit(pairs)
    users = [pairs.to_raw_uid(user) for user in range(pairs.n_users)]
    items = [pairs.to_raw_iid(item) for item in range(pairs.n_items)]
    mine, theirs = (users, model.pu, model.bu), (items, model.qi, model.bi)
    predict = _with_biases(data, pairs.global_mean, mine, theirs)
    updates = len(data.train[0]) * data.epochs
    return Run(updates, kernel.seconds, whole.seconds, data.rmse(predict))


def pure_python(data: Data) -> Run:
    """The plain loop over lists, on 200,000 of the pairs and for 2 epochs: no RMSE."""
    kernel, whole = Clock(), Clock()
    with whole.running():
        users, items = (column[:PURE_PAIRS].tolist() for column in data.train[:2])
        ratings = (data.ratings[:PURE_PAIRS] - data.ratings.mean()).tolist()
        rng = random.Random(0)
        p, q = (
            {one: [rng.gauss(0, 0.03) for _ in range(data.factors)] for one in dict.fromkeys(ids)}
            for ids in (users, items)
        )
        b_u, b_i = dict.fromkeys(p, 0.0), dict.fromkeys(q, 0.0)
        pairs = list(zip(users, items, ratings, strict=True))
        for _ in range(PURE_EPOCHS):
            kernel.timed(_descend)(pairs, p, q, b_u, b_i)
    return Run(len(pairs) * PURE_EPOCHS, kernel.seconds, whole.seconds)


def _descend(
    pairs: list[tuple[int, int, float]],
    p: dict[int, list[float]],
    q: dict[int, list[float]],
    b_u: dict[int, float],
    b_i: dict[int, float],
) -> None:
    for user, item, rating in pairs:
        mine, theirs = p[user], q[item]
        error = rating - b_u[user] - b_i[item]
        for factor in range(len(mine)):
            error -= mine[factor] * theirs[factor]
        b_u[user] += LEARNING_RATE * (error - REGULARISATION * b_u[user])
        b_i[item] += LEARNING_RATE * (error - REGULARISATION * b_i[item])
        for factor in range(len(mine)):
            x, y = mine[factor], theirs[factor]
            mine[factor] += LEARNING_RATE * (error * y - REGULARISATION * x)
            theirs[factor] += LEARNING_RATE * (error * x - REGULARISATION * y)


def implicit_bpr(data: Data) -> Run:
    """BPR of implicit, 64 factors, one negative a pair; 3 epochs are timed."""
    from implicit.cpu.bpr import BayesianPersonalizedRanking
    from scipy.sparse import csr_matrix

    kernel, whole = Clock(), Clock()
    model = BayesianPersonalizedRanking(
        factors=RANKING_FACTORS, iterations=BPR_EPOCHS, num_threads=data.threads, random_state=0
    )

    def count(_epoch: int, seconds: float, *_errors: float) -> None:
        kernel.seconds += seconds

    with whole.running():
        users, items, _ = data.train
        ones = np.ones(len(users), dtype=np.float32)
        matrix = csr_matrix((ones, (users, items)), shape=(data.users, data.items))
        model.fit(matrix, show_progress=False, callback=count)
    return Run(len(users) * BPR_EPOCHS, kernel.seconds, whole.seconds)
