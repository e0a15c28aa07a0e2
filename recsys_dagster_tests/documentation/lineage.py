"""The assets and the rooms, as the code has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import grimp

from recsys_dagster.definitions import defs

_FRONT = {"commands": "cli", "definitions": "defs"}
_ROOT = "recsys_dagster"
Graph = Mapping[str, frozenset[str]]
"""By name, what it depends on."""


@dataclass(frozen=True)
class Asset:
    """An asset with its group; `made` is False for files that others write."""

    name: str
    group: str
    made: bool


def assets() -> tuple[list[Asset], Graph]:
    """Every asset of the pipeline, in order, and what each is made of."""
    graph = defs.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.toposorted_asset_keys]
    found = [
        Asset(node.key.to_user_string(), node.group_name, node.is_materializable) for node in nodes
    ]
    parents = {
        node.key.to_user_string(): frozenset(key.to_user_string() for key in node.parent_keys)
        for node in nodes
    }
    return found, parents


def room(module: str) -> str | None:
    """The room that a module is in: a package or module below the root, or the app."""
    first, *rest = module.split(".")
    if first != _ROOT:
        return first
    if not rest:
        return None  # the front door names what is in the rooms
    return _FRONT.get(rest[0], rest[0])


@cache
def rooms() -> Graph:
    """Every room, and the rooms that it imports directly; those that import most come first.

    A room that imports another reaches all that the other reaches, and the other: so the sizes of
    what is reached put every room above those that it imports.
    """
    graph = grimp.build_graph(_ROOT, "streamlit_app", cache_dir=None)
    names = {name for module in graph.modules if (name := room(module))}
    imports: dict[str, set[str]] = {name: set() for name in names}
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            here, there = room(module), room(other)
            if here and there and here != there:
                imports[here].add(there)
    known = {name: frozenset(others) for name, others in imports.items()}
    order = sorted(known, key=lambda name: (-len(reached(known, known[name])), name))
    return {name: known[name] for name in order}


def reached(graph: Graph, starts: Iterable[str]) -> set[str]:
    """All that can be reached, the starts among them."""
    found: set[str] = set()
    ahead = list(starts)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead.extend(graph[name])
    return found


def reduced(graph: Graph) -> Graph:
    """The same without what follows from the rest, such as a → c beside a → b → c."""
    return {
        name: frozenset(
            one for one in others if one not in reached(graph, _all_of(graph, others - {one}))
        )
        for name, others in graph.items()
    }


def _all_of(graph: Graph, names: Iterable[str]) -> set[str]:
    return {other for name in names for other in graph[name]}
