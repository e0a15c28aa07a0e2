"""Where the nodes of a graph without cycles go when it is drawn from the top down.

Layers by the longest path, then the order within a layer by the mean place of the neighbours in
the layer before (Sugiyama, Tagawa and Toda 1981). An arrow across layers has a place in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from recsys_dagster_tests.documentation.lineage import Graph

_SWEEPS = 8
Spot = tuple[int, str]
"""A layer, and what is there: a node, or the arrow that passes."""


@dataclass(frozen=True)
class Drawing:
    """Where nodes stand, and by which spots each arrow goes.

    `across` is how far right of the middle a spot is, in widths of a node.
    """

    nodes: dict[str, Spot]
    arrows: list[list[Spot]]
    across: dict[Spot, float]

    @property
    def rows(self) -> int:
        """How many layers there are."""
        return 1 + max(row for row, _ in self.across)

    @property
    def columns(self) -> int:
        """How many spots the widest layer has."""
        return int(2 * max(self.across.values())) + 1


def arrange(names: Sequence[str], parents: Graph) -> Drawing:
    """Arrange a graph; `names` are in an order in which parents come first."""
    depth: dict[str, int] = {}
    for name in names:
        depth[name] = 1 + max((depth[parent] for parent in parents[name]), default=-1)
    nodes = {name: (depth[name], name) for name in names}
    arrows = []
    for child in names:
        for parent in sorted(parents[child]):
            between = range(depth[parent] + 1, depth[child])
            passing = [(row, f"{parent} to {child}") for row in between]
            arrows.append([nodes[parent], *passing, nodes[child]])
    spots = dict.fromkeys([*nodes.values(), *(spot for arrow in arrows for spot in arrow)])
    layers = [[one for one in spots if one[0] == row] for row in range(1 + max(depth.values()))]
    _untangle(layers, {step for arrow in arrows for step in pairwise(arrow)})
    across = {spot: at - (len(layer) - 1) / 2 for layer in layers for at, spot in enumerate(layer)}
    return Drawing(nodes, arrows, across)


def _untangle(layers: list[list[Spot]], steps: set[tuple[Spot, Spot]]) -> None:
    """Order the layers so that few arrows cross."""
    joined = steps | {(lower, upper) for upper, lower in steps}
    for sweep in range(_SWEEPS):
        for fixed, moved in pairwise(layers if sweep % 2 == 0 else layers[::-1]):
            means = {}
            for at, spot in enumerate(moved):
                places = [place for place, other in enumerate(fixed) if (other, spot) in joined]
                means[spot] = sum(places) / len(places) if places else at
            moved.sort(key=means.__getitem__)
