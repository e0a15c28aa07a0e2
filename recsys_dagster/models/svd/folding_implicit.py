"""Folding in for a factorisation by alternating least squares of implicit preference."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys_dagster.models.arrays import Float32Array, Float64Array, IntArray
from recsys_dagster.models.svd.folding import ArrayShapes, Factors, FoldIn

PRIOR = 2.0
"""Of validation on listeners whom the model had not seen: 200 who were made up, and 1,500 real."""
_ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True)
class ImplicitFolding:
    """For implicit preference: the very step of alternating least squares that made the listeners.

    With G = Σ q qᵀ over all items, n seeds and c_i = α g_i w_i, x has the lowest::

        Σ_{all i} (x·q_i)² - Σ_{i in S} (x·q_i)² + Σ_{i in S} (1 + c_i) (1 - x·q_i)² + λ n |x|²
            + π |x - p̄|²

    (Hu, Koren and Volinsky 2008, "Collaborative filtering for implicit feedback datasets"; λ
    grows with the seeds as in Zhou et al. 2008, "Large-scale parallel collaborative filtering for
    the Netflix Prize"). All but the last is what training comes to: without it a training listener
    folded in is the trained one. It pulls those of whom little is known towards what most listen
    to. The solution is a sum of one part for each seed, among which the pull is divided evenly.

    Attributes
    ----------
    gram
        (k, k) float64, G.
    centre
        (k,) float32, p̄, the mean of the training listeners: who names nothing that was trained on.
    item_weights
        (n_items,) float32, w: below 1 for popular songs, which many play without much liking them.
    confidence
        α.
    play_exponent, mean_weight
        g is log(1 + plays)^play_exponent over `mean_weight`, its mean in training. A seed without
        plays has g = 1.
    regularisation
        λ.
    prior
        π, at least 0.
    """

    gram: Float64Array
    centre: Float32Array
    item_weights: Float32Array
    confidence: float
    play_exponent: float
    mean_weight: float
    regularisation: float
    prior: float = PRIOR

    objective: ClassVar[str] = "implicit"
    numbers: ClassVar[tuple[str, ...]] = (
        "confidence", "play_exponent", "mean_weight", "regularisation", "prior",
    )  # fmt: skip

    @classmethod
    def of(
        cls,
        user_factors: Float32Array,
        item_factors: Float32Array,
        item_weights: Float32Array,
        *,
        confidence: float,
        play_exponent: float,
        mean_weight: float,
        regularisation: float,
    ) -> "ImplicitFolding":
        """Prepare for a model, whose rows are 0 where they were not trained; see the attributes."""
        gram = np.zeros((item_factors.shape[1],) * 2)
        for start in range(0, len(item_factors), _ROWS_AT_ONCE):
            rows = item_factors[start : start + _ROWS_AT_ONCE].astype(np.float64)
            gram += rows.T @ rows
        trained = max(int(user_factors.any(axis=1).sum()), 1)
        centre = (user_factors.sum(axis=0, dtype=np.float64) / trained).astype(np.float32)
        return cls(
            gram, centre, item_weights, confidence, play_exponent, mean_weight, regularisation
        )

    def fold_in(self, items: IntArray, model: Factors, ratings: Float32Array | None) -> FoldIn:
        """Solve the system; see `Folding`. Without seeds that were trained on, it is the centre."""
        rows = np.asarray(model.item_factors[items], dtype=np.float64)
        parts = np.zeros((len(items), len(self.gram) + 1), np.float32)
        known = rows.any(axis=1)
        if not known.any():
            parts[:, :-1] = self.centre / max(len(items), 1)
            return FoldIn(0.0, self.centre, parts)
        confidences = self.confidences(items, ratings)[known]
        pulls = rows[known].T * (1 + confidences) + (self.pull / known.sum())[:, None]
        solved = np.linalg.solve(self.system(rows[known], confidences), pulls).T
        parts[known, :-1] = solved
        return FoldIn(0.0, solved.sum(axis=0).astype(np.float32), parts)

    def confidences(self, items: IntArray, ratings: Float32Array | None) -> Float64Array:
        """Give c of (n_seeds,) items with their log(1 + plays), or without plays."""
        found = self.confidence * self.item_weights[items].astype(np.float64)
        if ratings is None:
            return found
        return np.asarray(
            found * ratings.astype(np.float64) ** self.play_exponent / self.mean_weight
        )

    @property
    def pull(self) -> Float64Array:
        """π p̄, (k,)."""
        return np.asarray(self.prior * self.centre.astype(np.float64))

    def system(self, rows: Float64Array, confidences: Float64Array) -> Float64Array:
        """G + Σ c q qᵀ + λ n + π of seeds that were trained on, (k, k)."""
        # A little ridge always, so that the system has one solution when λ and π are 0.
        held = self.regularisation * len(rows) + self.prior
        ridge = max(held, 1e-9) * np.eye(len(self.gram))
        return np.asarray(self.gram + (rows.T * confidences) @ rows + ridge)

    @staticmethod
    def array_shapes(n_items: int, factors: int) -> ArrayShapes:
        """See `Folding`."""
        return {
            "gram": (np.float64, (factors, factors)),
            "centre": (np.float32, (factors,)),
            "item_weights": (np.float32, (n_items,)),
        }
