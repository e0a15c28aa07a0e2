"""Which tests are asked about a module, and what Numba must not reuse after a change of it."""

from pathlib import Path

import grimp

PACKAGE, TESTS = "recsys_dagster", "recsys_dagster_tests"
ROOMS = ("evaluation", "models", "recommend", "storage")


class Imports:
    """Who imports whom, in the package and its tests."""

    def __init__(self) -> None:
        self.graph = grimp.build_graph(PACKAGE, TESTS)

    def modules(self, room: str) -> list[str]:
        """The modules of a room, by name."""
        return sorted(self.graph.find_descendants(f"{PACKAGE}.{room}"))

    def tests(self, module: str) -> tuple[list[str], list[str]]:
        """The tests of a module's room that come to it by imports: its own, and all others.

        Its own are those that mirror it, else those that import it most directly; the others
        begin with those that import it most directly, too.
        """
        room, *folders, name = module.split(".")[1:]
        mirror = ".".join([TESTS, room, *folders, f"test_{name}"])
        rings = [[mirror]] if mirror in self.graph.modules else []
        around, seen = {module}, {module, mirror}
        while around := {by for one in around for by in self._importers(one)} - seen:
            seen |= around
            rings.append(sorted(one for one in around if _is_test(one, room)))
        rings = [ring for ring in rings if ring] or [[]]
        return rings[0], [test for ring in rings[1:] for test in ring]

    def _importers(self, module: str) -> set[str]:
        return set(self.graph.find_modules_that_directly_import(module))

    def above(self, module: str) -> set[str]:
        """Whoever imports a module, or imports who does."""
        return set(self.graph.find_downstream_modules(module))


def path_of(module: str, folder: Path) -> Path:
    """Where a module lies in a copy of the repository."""
    path = folder.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def forget_compiled(folder: Path, modules: set[str]) -> None:
    """Remove what Numba has kept of modules: it only notices that a loop's own file changed."""
    for module in modules:
        path = path_of(module, folder)
        for kept in (path.parent / "__pycache__").glob(f"{path.stem}.*.nb?"):
            kept.unlink()


def _is_test(module: str, room: str) -> bool:
    return module.startswith(f"{TESTS}.{room}.") and module.split(".")[-1].startswith("test_")
