"""Logistic regression: each feature adds its part to a candidate's score."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import (
    Float64Array,
    check_shape,
    load_array,
    load_settings,
    save_arrays,
)
from recsys_dagster.side_by_side import on_one_thread

ARRAYS = ("mean", "scale", "coefficients")
PENALTY = 10.0
"""λ of the L2 penalty on the coefficients of standardised features."""


@dataclass(frozen=True)
class Logistic:
    """log p / (1 - p) = b + Σ_f w_f (x_f - mean_f) / scale_f.

    Attributes
    ----------
    mean, scale, coefficients
        (f,) float64 each; a constant feature has scale 1.
    intercept
        b.
    """

    kind: ClassVar[str] = "logistic"
    mean: Float64Array
    scale: Float64Array
    coefficients: Float64Array
    intercept: float

    @classmethod
    def fit(
        cls, features: NDArray[Any], wanted: NDArray[np.bool_], thinned: float = 1.0
    ) -> "Logistic":
        """Fit by scikit-learn's `LogisticRegression`.

        Parameters
        ----------
        features
            (n, f), finite.
        wanted
            (n,), both kinds at least once.
        thinned
            For how many each candidate that is not wanted stands: of those, only a sample need
            be given. The intercept is corrected for it by its logarithm: King and Zeng 2001,
            "Logistic regression in rare events data".
        """
        from sklearn.linear_model import LogisticRegression

        rows = np.asarray(features, np.float64)
        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        with on_one_thread():  # small products: threads cost more than they bring
            fitted = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky").fit(
                (rows - mean) / scale, wanted
            )
        intercept = float(fitted.intercept_[0]) - float(np.log(thinned))
        return cls(mean, scale, fitted.coef_[0].astype(np.float64), intercept)

    def decision(self, features: NDArray[Any]) -> Float64Array:
        """The log odds of (n, f) candidates, (n,)."""
        standard = (np.asarray(features, np.float64) - self.mean) / self.scale
        return np.asarray(standard @ self.coefficients + self.intercept)

    def importance(self) -> Float64Array:
        """How far one standard deviation of each feature moves the log odds, (f,)."""
        return np.abs(self.coefficients)

    def save(self, directory: Path) -> None:
        """Write it into a directory that exists."""
        arrays = {name: getattr(self, name) for name in ARRAYS}
        save_arrays(directory, arrays, {"intercept": self.intercept})

    @classmethod
    def load(cls, directory: Path, n_features: int) -> "Logistic":
        """Read what `save` wrote, for so many features.

        Raises
        ------
        RecsysError
            When a file is missing, broken, or does not fit.
        """
        arrays: dict[str, Any] = {
            name: load_array(directory, name, np.float64, 1, mmap=False) for name in ARRAYS
        }
        for name, array in arrays.items():
            check_shape(directory, name, array.shape, (n_features,))
        settings = load_settings(directory)
        check_shape(directory, "model.json", sorted(settings), ["intercept"])
        check_shape(directory, "the intercept", type(settings["intercept"]), float)
        return cls(**arrays, intercept=settings["intercept"])
