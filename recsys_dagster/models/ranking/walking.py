"""`Trees` walked by a compiled loop: for batches, which have the time to compile it."""

from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float64Array
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.models.svd.vectors import compiled

Uint32Array = NDArray[np.uint32]


class CompiledTrees(Trees):
    """Decides as `Trees` does, but for rounding in the last place."""

    @classmethod
    def of(cls, trees: Trees) -> "CompiledTrees":
        """The same trees; arrays are shared."""
        if isinstance(trees, cls):
            return trees
        return cls(**{one.name: getattr(trees, one.name) for one in fields(trees)})

    def decision(self, features: NDArray[Any]) -> Float64Array:
        """See `Trees.decision`."""
        rows = np.ascontiguousarray(features, np.float64)
        found = np.full(len(rows), self.baseline)
        _walk(rows, *self._nodes, self.threshold, self.value, self.depth, found)
        return found

    @cached_property
    def _nodes(self) -> tuple[Uint32Array, Uint32Array]:
        """(trees, nodes) the features, (trees, 2 nodes) the children.

        Left and right side by side: the way goes by a number, not by a branch that is guessed.
        """
        children = np.stack([self.left, self.right], axis=2).reshape(len(self.left), -1)
        return self.feature.astype(np.uint32), children.astype(np.uint32)


@compiled
def _walk(
    rows: Float64Array,
    feature: Uint32Array,
    children: Uint32Array,
    threshold: Float64Array,
    value: Float64Array,
    depth: int,
    found: Float64Array,
) -> None:
    """Add the values of the leaves that the rows come to, tree by tree: one stays in the cache."""
    for tree in range(len(feature)):
        asked, below, border = feature[tree], children[tree], threshold[tree]
        for row in range(len(rows)):
            node = np.uint32(0)
            for _ in range(depth):
                right = rows[row, asked[node]] > border[node]
                node = below[np.uint32(2) * node + np.uint32(right)]
            found[row] += value[tree, node]
