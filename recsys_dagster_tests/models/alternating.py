"""Alternating least squares of implicit preference in a few lines: what the cluster's must be."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float64Array
from recsys_dagster.models.svd.als_config import ImplicitConfig
from recsys_dagster.models.svd.folding_implicit import ImplicitFolding
from recsys_dagster.models.svd.model import SvdModel

Ints = NDArray[np.integer[Any]]


def implicit(
    users: Ints, items: Ints, plays: Ints, n_users: int, n_items: int,
    config: ImplicitConfig,
) -> SvdModel:  # fmt: skip
    rated = np.log1p(plays) ** config.play_exponent
    listeners = np.bincount(items, minlength=n_items)
    share = np.where(listeners > 0, listeners / listeners[listeners > 0].mean(), 1.0)
    weights = share**-config.popularity_exponent
    confidences = np.zeros((n_users, n_items))
    confidences[users, items] = config.confidence * rated / rated.mean() * weights[items]
    q = np.random.default_rng(config.seed).normal(size=(n_items, config.factors))
    q[listeners == 0] = 0
    for _ in range(config.iterations):
        p = _solved(confidences, q, config.regularisation)
        q = _solved(confidences.T, p, config.regularisation)
    p = _solved(confidences, q, config.regularisation)
    factors = p.astype(np.float32), q.astype(np.float32)
    folding = ImplicitFolding.of(
        *factors,
        weights.astype(np.float32),
        confidence=config.confidence,
        play_exponent=config.play_exponent,
        mean_weight=float(rated.mean()),
        regularisation=config.regularisation,
    )
    bias = np.zeros(n_users, np.float32), np.zeros(n_items, np.float32)
    return SvdModel(0.0, *bias, *factors, folding)


def with_prior(model: SvdModel, prior: float) -> SvdModel:
    """The same, listeners held so much to the mean; with 0 they are folded in as training is."""
    assert isinstance(model.folding, ImplicitFolding)
    return replace(model, folding=replace(model.folding, prior=prior))


def _solved(confidences: Float64Array, other: Float64Array, regularisation: float) -> Float64Array:
    found = np.zeros((len(confidences), other.shape[1]))
    for row, c in enumerate(confidences):
        if played := int((c > 0).sum()):
            system = (other.T * (1 + c)) @ other + regularisation * played * np.eye(len(other.T))
            found[row] = np.linalg.solve(system, other.T @ np.where(c > 0, 1 + c, 0))
    return found
