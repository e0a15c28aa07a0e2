"""Folding many listeners in at once; see `folding` for what is computed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import BoolArray, Float32Array, Float64Array, IntArray
from recsys_dagster.models.svd.folding import (
    MANY,
    STEPS,
    STEPS_OF_MANY,
    RidgeFolding,
    SoftmaxFolding,
)
from recsys_dagster.models.svd.folding_implicit import ImplicitFolding
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.vectors import compiled


def fold_in_all(
    model: SvdModel, starts: IntArray, items: IntArray, ratings: Float32Array | None
) -> tuple[Float32Array, Float32Array]:
    """Find the vectors of listeners who were not trained on, as `SvdModel.fold_in` does for one.

    Parameters
    ----------
    starts
        (b + 1,) where each listener's items begin.
    items, ratings
        (n,) items of the catalogue and their log(1 + plays); by default all are liked alike.

    Returns
    -------
    (b,) float32 and (b, k) float32
        b_u and p_u, equal to those of one listener at a time but for rounding.
    """
    if ratings is None:
        liked = model.folding.liked if isinstance(model.folding, RidgeFolding) else 1.0
        ratings = np.full(len(items), liked, np.float32)
    if isinstance(model.folding, SoftmaxFolding):
        return _by_steps(model.folding, model, starts, items, ratings)
    parts = [slice(*starts[row : row + 2]) for row in range(len(starts) - 1)]
    if isinstance(model.folding, ImplicitFolding):
        found = [_by_confidence(model.folding, model, items[part], ratings[part]) for part in parts]
        factors = np.array(found, dtype=np.float32).reshape(-1, len(model.folding.gram))
        return np.zeros(len(parts), np.float32), factors
    assert isinstance(model.folding, RidgeFolding)  # noqa: S101
    rows = [_by_ridge(model.folding, model, items[part], ratings[part]) for part in parts]
    whole = np.array(rows).reshape(-1, len(model.folding.gram))
    return whole[:, -1].astype(np.float32), whole[:, :-1].astype(np.float32)


def _by_ridge(
    folding: RidgeFolding, model: SvdModel, items: IntArray, ratings: Float32Array
) -> Float64Array:
    """(p_u, b_u): the parts of `RidgeFolding.fold_in` are summed before the system is solved."""
    rows = np.ones((len(items), len(folding.gram)))
    rows[:, :-1] = model.item_factors[items]
    targets = ratings.astype(np.float64) - model.mean - model.item_bias[items]
    count, weight = max(len(items), 1), folding.unobserved_weight
    ridge = max((1 + weight) * folding.regularisation, 1e-6) * np.eye(len(folding.gram))
    system = rows.T @ rows / count + weight * folding.gram + ridge
    pull = (rows.T @ targets + len(items) * weight * folding.pull) / count
    return np.asarray(np.linalg.solve(system, pull))


def _by_confidence(
    folding: ImplicitFolding, model: SvdModel, items: IntArray, ratings: Float32Array
) -> Float64Array:
    """p_u: the parts of `ImplicitFolding.fold_in` are summed before the system is solved."""
    rows = np.asarray(model.item_factors[items], dtype=np.float64)
    known = rows.any(axis=1)
    if not known.any():
        return folding.centre.astype(np.float64)
    confidences = folding.confidences(items, ratings)[known]
    pull = rows[known].T @ (1 + confidences) + folding.pull
    return np.asarray(np.linalg.solve(folding.system(rows[known], confidences), pull))


def _by_steps(
    folding: SoftmaxFolding,
    model: SvdModel,
    starts: IntArray,
    items: IntArray,
    ratings: Float32Array,
) -> tuple[Float32Array, Float32Array]:
    factors = np.asarray(model.item_factors)
    owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    known = _known(items, factors)
    items, owners = items[known], owners[known]
    counts = np.bincount(owners, minlength=len(starts) - 1)
    weights = _weights(ratings[known] ** folding.play_exponent, owners, counts)
    listeners = np.tile(folding.centre, (len(counts), 1))
    for few, steps in ((True, STEPS), (False, STEPS_OF_MANY)):
        some = (counts > 0) & ((counts < MANY) == few)
        if some.any():
            own = some[owners]
            seeds = items[own], (np.cumsum(some) - 1)[owners[own]], weights[own]
            listeners[some] = _climb(folding, factors, seeds, counts[some], steps)
    return np.zeros(len(counts), np.float32), _at_length_one(listeners)


def _weights(
    weights: NDArray[np.floating[Any]], owners: IntArray, counts: IntArray
) -> Float32Array:
    """Scaled to a mean of 1 for each listener."""
    means = np.bincount(owners, weights=weights, minlength=len(counts)) / np.maximum(counts, 1)
    return np.asarray(weights / np.maximum(means, 1e-12)[owners], dtype=np.float32)


def _climb(
    folding: SoftmaxFolding,
    factors: Float32Array,
    seeds: tuple[IntArray, IntArray, Float32Array],
    counts: IntArray,
    steps: int,
) -> Float32Array:
    """The listeners, (b, k), after the steps of `SoftmaxFolding`; seeds are sorted by listener."""
    items, owners, weights = seeds
    n = counts.astype(np.float32)[:, None]
    pull = np.float32(folding.prior) / n * folding.centre
    listeners = np.zeros((len(counts), factors.shape[1]), np.float32)
    _add_up(items, owners, weights, factors, listeners)
    listeners = _at_length_one(listeners + n * pull)
    temperature = np.float32(folding.temperature)
    sample = np.ascontiguousarray((folding.sample / temperature).T)
    # The column of weights alone sums to Z, so that the shares are passed over once less.
    weighted = np.column_stack([folding.sample, np.ones(len(folding.sample), np.float32)])
    weighted *= folding.weights[:, None]
    penalties = folding.penalties[items]
    for _ in range(steps):
        scores = listeners @ sample
        highest = scores.max(axis=1)
        scores -= highest[:, None]
        sums = np.exp(scores, out=scores) @ weighted
        whole = sums[:, -1]
        # e^(x·q_i / τ) / (Q_i^c m Z) is e to the product less the penalty and this.
        levels = highest + np.log(np.float32(folding.negatives) * whole)
        step, missed = np.zeros_like(listeners), np.zeros(len(counts), np.float32)
        _add_missed((items, owners, weights), penalties, factors, listeners, temperature,
                    levels, step, missed)  # fmt: skip
        step -= (missed / whole)[:, None] * sums[:, :-1]
        listeners = _at_length_one(listeners + step / n + pull)
    return listeners


def _at_length_one(listeners: Float32Array) -> Float32Array:
    lengths = np.linalg.norm(listeners, axis=1, keepdims=True)
    return np.asarray(listeners / np.maximum(lengths, 1e-12), dtype=np.float32)


@compiled
def _known(items: IntArray, factors: Float32Array) -> BoolArray:
    """Which items have factors at all, (n,); looked at no further than to the first."""
    known = np.zeros(len(items), np.bool_)
    for entry in range(len(items)):
        for k in range(factors.shape[1]):
            if factors[items[entry], k] != 0:
                known[entry] = True
                break
    return known


@compiled
def _add_up(
    items: IntArray, owners: IntArray, weights: Float32Array, factors: Float32Array,
    sums: Float32Array,
) -> None:  # fmt: skip
    """Add each seed's weighted factors to the sums of its listener."""
    for entry in range(len(items)):
        item, owner, weight = items[entry], owners[entry], weights[entry]
        for k in range(factors.shape[1]):
            sums[owner, k] += weight * factors[item, k]


@compiled
def _add_missed(
    seeds: tuple[IntArray, IntArray, Float32Array], penalties: Float32Array,
    factors: Float32Array, listeners: Float32Array, temperature: np.float32,
    levels: Float32Array, step: Float32Array, missed: Float32Array,
) -> None:  # fmt: skip
    """Add g_i a_i q_i of each seed to the step of its listener, and g_i a_i to what it missed."""
    items, owners, weights = seeds
    for entry in range(len(items)):
        item, owner, product = items[entry], owners[entry], np.float32(0)
        for k in range(factors.shape[1]):
            product += factors[item, k] * listeners[owner, k]
        own = product / temperature - penalties[entry] - levels[owner]
        chance = weights[entry] / (np.float32(1) + np.exp(own))
        missed[owner] += chance
        for k in range(factors.shape[1]):
            step[owner, k] += chance * factors[item, k]
