"""Gradient-boosted trees as plain arrays: grown by scikit-learn, walked with NumPy.

So a release holds no pickle, and serving needs no scikit-learn.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import (
    Float64Array,
    Int32Array,
    IntArray,
    check_shape,
    load_array,
    load_settings,
    save_arrays,
)
from recsys_dagster.side_by_side import on_one_thread

TREES = 80
SETTINGS: dict[str, Any] = {
    "max_iter": TREES, "learning_rate": 0.07, "max_leaf_nodes": 15, "max_depth": 5,
    "min_samples_leaf": 50, "l2_regularization": 10.0, "early_stopping": False, "random_state": 0,
}  # fmt: skip
"""Few leaves with many candidates in each: listeners are few beside their candidates."""
ARRAYS: dict[str, Any] = {
    "feature": np.int32, "threshold": np.float64, "left": np.int32, "right": np.int32,
    "value": np.float64,
}  # fmt: skip


@dataclass(frozen=True)
class Trees:
    """log p / (1 - p) = b + Σ_t value of the leaf that the candidate comes to in tree t.

    Friedman 2001, "Greedy function approximation: a gradient boosting machine".

    Attributes
    ----------
    feature, threshold
        (trees, nodes): a candidate goes left where its feature is at most the threshold.
    left, right
        (trees, nodes) the next nodes; a leaf leads to itself.
    value
        (trees, nodes) what a leaf adds.
    baseline
        b.
    depth
        Steps from the root to the deepest leaf.
    n_features
        How many features there are.
    """

    kind: ClassVar[str] = "trees"
    feature: Int32Array
    threshold: Float64Array
    left: Int32Array
    right: Int32Array
    value: Float64Array
    baseline: float
    depth: int
    n_features: int

    @classmethod
    def fit(
        cls, features: NDArray[Any], wanted: NDArray[np.bool_], thinned: float = 1.0
    ) -> "Trees":
        """Grow them by scikit-learn's `HistGradientBoostingClassifier`; see `Logistic.fit`."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        rows = np.asarray(features, np.float64)
        with on_one_thread():  # beside other work, threads that wait for each other crawl
            grown = HistGradientBoostingClassifier(**SETTINGS).fit(rows, wanted)
        nodes = [trees[0].nodes for trees in grown._predictors]  # no public way to the nodes
        baseline = float(np.ravel(grown._baseline_prediction)[0]) - float(np.log(thinned))
        return cls._of(nodes, baseline, rows.shape[1])

    @classmethod
    def _of(cls, nodes: list[Any], baseline: float, n_features: int) -> "Trees":
        width = max((len(one) for one in nodes), default=1)
        here = np.tile(np.arange(width, dtype=np.int32), (len(nodes), 1))
        arrays: dict[str, Any] = {
            name: np.zeros((len(nodes), width), kind) for name, kind in ARRAYS.items()
        } | {"left": here, "right": here.copy()}
        for tree, one in enumerate(nodes):
            inner = np.flatnonzero(one["is_leaf"] == 0)
            for name, column in (("feature", "feature_idx"), ("threshold", "num_threshold"),
                                 ("left", "left"), ("right", "right")):  # fmt: skip
                arrays[name][tree, inner] = one[column][inner]
            leaf = one["is_leaf"] == 1
            arrays["value"][tree, : len(one)][leaf] = one["value"][leaf]
        depth = max((int(one["depth"].max()) for one in nodes), default=0)
        return cls(**arrays, baseline=baseline, depth=depth, n_features=n_features)

    def decision(self, features: NDArray[Any]) -> Float64Array:
        """The log odds of (n, f) candidates without gaps, (n,).

        Raises
        ------
        RecsysError
            f is not the number of features that the trees were grown on.
        """
        rows = np.ascontiguousarray(features, np.float64)
        if rows.shape[1:] != (self.n_features,):
            raise RecsysError(
                f"features must have the shape (n, {self.n_features}); got {rows.shape}."
            )
        feature, threshold, children, value = self._flat
        start = (np.arange(len(rows)) * self.n_features)[:, None]
        width = self.feature.shape[1]
        node = np.tile(np.arange(len(self.feature)) * width, (len(rows), 1))
        for _ in range(self.depth):
            seen = rows.take(start + feature.take(node))
            node = children.take(2 * node + (seen > threshold.take(node)))
        return np.asarray(value.take(node).sum(axis=1) + self.baseline)

    @cached_property
    def _flat(self) -> tuple[IntArray, Float64Array, IntArray, Float64Array]:
        """All trees as one: (m,) features, thresholds, (2 m,) where it goes on, (m,) values."""
        width = self.feature.shape[1]
        offset = (np.arange(len(self.feature)) * width)[:, None, None]
        children = np.stack([self.left, self.right], axis=2) + offset
        return (
            self.feature.ravel().astype(np.int64), self.threshold.ravel(),
            children.ravel().astype(np.int64), self.value.ravel(),
        )  # fmt: skip

    def importance(self) -> Float64Array:
        """In how many nodes each feature is asked for, as a share of all, (f,)."""
        inner = self.left != np.arange(self.left.shape[1])
        counts = np.bincount(self.feature[inner], minlength=self.n_features)
        return np.asarray(counts / max(counts.sum(), 1))

    def save(self, directory: Path) -> None:
        """Write them into a directory that exists."""
        settings = {name: getattr(self, name) for name in ("baseline", "depth", "n_features")}
        save_arrays(directory, {name: getattr(self, name) for name in ARRAYS}, settings)

    @classmethod
    def load(cls, directory: Path, n_features: int) -> "Trees":
        """Read what `save` wrote, for so many features.

        Raises
        ------
        RecsysError
            When a file is missing, broken, or does not fit.
        """
        arrays: dict[str, Any] = {
            name: load_array(directory, name, kind, 2, mmap=False) for name, kind in ARRAYS.items()
        }
        for name, array in arrays.items():
            check_shape(directory, name, array.shape, arrays["feature"].shape)
        settings = load_settings(directory)
        check_shape(directory, "model.json", sorted(settings), ["baseline", "depth", "n_features"])
        check_shape(directory, "the number of features", settings["n_features"], n_features)
        kinds = {name: type(value) for name, value in settings.items()}
        expected = {"baseline": float, "depth": int, "n_features": int}
        check_shape(directory, "model.json", kinds, expected)
        found = cls(**arrays, **settings)
        found._check_nodes(directory)
        return found

    def _check_nodes(self, directory: Path) -> None:
        """Make sure that no node leads out of its tree."""
        width = self.feature.shape[1]
        if not 0 <= self.depth <= width:
            raise RecsysError(
                f"the depth in {directory} is {self.depth}; expected 0 to {width}. "
                "Run `recsys run`."
            )
        for name, most in (("left", width), ("right", width), ("feature", self.n_features)):
            array = getattr(self, name)
            if array.size and not 0 <= array.min() <= array.max() < most:
                raise RecsysError(
                    f"{name}.npy in {directory} is broken: found {array.min()} to {array.max()}, "
                    f"expected 0 to {most - 1}. Run `recsys run`."
                )
