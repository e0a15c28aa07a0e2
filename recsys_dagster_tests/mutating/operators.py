"""What is done to the code: Cosmic Ray's operators, and one more that leaves a statement out."""

from collections.abc import Iterator
from typing import Any

from cosmic_ray import plugins
from cosmic_ray.operators.operator import Operator
from parso.python.tree import Keyword

Position = tuple[int, int]


class RemoveStatement(Operator):  # type: ignore[misc]
    """Leaves out a call, a refusal, or a change of what is already there.

    Cosmic Ray takes no statement away; forgotten ones are what tests are to notice most.
    """

    def mutation_positions(self, node: Any) -> Iterator[tuple[Position, Position]]:
        if node.type == "simple_stmt" and _does_something(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        assert index == 0
        node.children[0] = Keyword("pass", (0, 0), prefix=node.get_first_leaf().prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def _does_something(statement: Any) -> bool:
    if statement.type in ("atom_expr", "power"):
        return bool(statement.children[-1].children[0].value == "(")
    if statement.type == "expr_stmt":
        target, kind = statement.children[:2]
        return bool(kind.type == "operator" and (kind.value != "=" or target.type == "atom_expr"))
    return bool(statement.type == "raise_stmt")


def operators() -> dict[str, Operator]:
    """Every operator by its name; those for one variable's name are left out: they need it."""
    kinds = {name.split("/")[1]: plugins.get_operator(name) for name in plugins.operator_names()}
    plain = {name: kind() for name, kind in kinds.items() if not kind.arguments()}
    return plain | {"RemoveStatement": RemoveStatement()}
