"""Copies of the repository in which mutants live, and the tests that they are shown to."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from time import monotonic

from recsys_dagster_tests.mutating.forked import TIMED_OUT, preload, tests_pass
from recsys_dagster_tests.mutating.places import Mutant
from recsys_dagster_tests.mutating.selecting import Imports, forget_compiled, path_of

PARTS = ("pyproject.toml", "recsys_dagster", "recsys_dagster_tests", "streamlit_app")
FAST, SLOW = "not slow", "slow and not browser"
STEPS = {"module": (FAST, 180.0), "room": (FAST, 900.0), "slow": (SLOW, 900.0)}
"""Whose tests a mutant is shown to, one after the other as long as it lives: those of its module,
those of its room, and the slow ones of its module; which, and for how many seconds at most."""


class Bench:
    """A copy of the repository, and short-lived copies of it with one mutant each.

    What is broken is never the clone itself, whenever and however the run ends.
    """

    def __init__(self, repository: Path, folder: Path) -> None:
        self.whole, self.folder = folder / "whole", folder
        self.whole.mkdir()
        for part in PARTS:
            here, there = repository / part, self.whole / part
            (shutil.copytree if here.is_dir() else shutil.copy2)(here, there)
        self.imports = Imports()
        preload()

    @contextlib.contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[tuple[Path, str]]:
        """A copy with a mutant in it, and the difference that it makes."""
        code = path_of(mutant.module, self.whole).read_text("utf-8")
        broken = mutant.code(code)
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            copy = Path(name) / "copy"
            shutil.copytree(self.whole, copy, copy_function=os.link)
            path = path_of(mutant.module, copy)
            path.unlink()
            path.write_text(broken, "utf-8")
            forget_compiled(copy, {mutant.module, *self.imports.above(mutant.module)})
            lines = unified_diff(code.split("\n"), broken.split("\n"), n=0, lineterm="")
            yield copy, "\n".join(list(lines)[2:])

    def fate(self, mutant: Mutant, asked: str) -> dict[str, object]:
        """What the tests of a step say of a mutant."""
        own, others = self.imports.tests(mutant.module)
        tests, (marked, longest) = others if asked == "room" else own, STEPS[asked]
        start = monotonic()
        with self.mutated(mutant) as (copy, difference):
            passed, said = True, ""
            if tests:
                files = [str(path_of(test, copy)) for test in tests]
                passed, said = tests_pass(copy, marked, files, longest)
        fate = "survived" if passed else TIMED_OUT if said == TIMED_OUT else "killed"
        seconds = round(monotonic() - start, 1)
        told = {"fate": fate, "asked": asked, "seconds": seconds, "difference": difference}
        return told | {"said": "" if passed else said[-2000:]}

    def fail_without(self, failed: set[str]) -> str:
        """What tests that killed a mutant say where there is none; nothing, if all pass."""
        files = [str(self.whole / test) for test in sorted(failed)]
        passed, said = tests_pass(self.whole, f"({FAST}) or ({SLOW})", files, 3_600)
        return "" if passed else said
