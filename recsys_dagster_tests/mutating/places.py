"""Where the code can be broken, and a sample of it."""

import ast
import math
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from recsys_dagster_tests.mutating.operators import Position, operators

AT_LEAST = 3
"""Mutants that each module is given, where it has as many."""


@dataclass(frozen=True)
class Mutant:
    """One way to break a module: the how-manieth place of an operator."""

    module: str
    operator: str
    occurrence: int
    start: Position

    def __str__(self) -> str:
        return f"{self.module} {self.operator} {self.occurrence}"

    @property
    def room(self) -> str:
        return self.module.split(".")[1]

    @staticmethod
    def family_of(operator: str) -> str:
        """An operator, whatever it puts in the place of what it finds."""
        return operator.split("_")[0]

    def code(self, code: str) -> str:
        """The module's code, broken."""
        broken = mutate_code(code, operators()[self.operator], self.occurrence)
        assert broken is not None
        return str(broken)


def mutants(module: str, path: Path) -> list[Mutant]:
    """All mutants of a module, but those of annotations, which nothing ever runs, and of stars."""
    code = path.read_text("utf-8")
    nodes = list(ast_nodes(get_ast(code)))
    found, left_alone = [], [*_annotations(code), *_stars(nodes)]
    for name, operator in operators().items():
        starts = [at for node in nodes for at, _ in operator.mutation_positions(node)]
        found += [
            Mutant(module, name, occurrence, start)
            for occurrence, start in enumerate(starts)
            if not any(first <= start <= last for first, last in left_alone)
        ]
    return found


def _annotations(code: str) -> Iterator[tuple[Position, Position]]:
    for node in ast.walk(ast.parse(code)):
        for field in ("annotation", "returns"):
            if (one := getattr(node, field, None)) is not None:
                yield (one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset)


def _stars(nodes: list[Any]) -> Iterator[tuple[Position, Position]]:
    """Those that unpack, or end what is given by place: Cosmic Ray takes them for products."""
    for node in nodes:
        if node.type == "operator" and node.value in ("*", "**"):
            before = node.get_previous_leaf()
            if before is not None and before.value in ("(", "[", "{", ","):
                yield node.start_pos, node.start_pos


def sample(every: list[list[Mutant]], share: float, seed: int) -> list[Mutant]:
    """A share of each module's places, one mutant a place; any beginning of it is even, too.

    Which they are does not depend on other modules, so that results of an earlier state last.
    """
    ordered = []
    for found in filter(None, every):
        rng = random.Random(f"{seed} {found[0].module}")
        places = defaultdict(list)
        for one in found:
            places[Mutant.family_of(one.operator), one.start].append(one)
        chosen = rng.sample(sorted(places), min(len(places), _size(len(places), share)))
        ordered += [
            ((at + rng.random()) / len(chosen), rng.choice(places[place]))
            for at, place in enumerate(chosen)
        ]
    return [one for _, one in sorted(ordered, key=lambda pair: pair[0])]


def _size(places: int, share: float) -> int:
    return max(AT_LEAST, math.ceil(share * places))
