"""Breaks the package in small ways, one at a time, and sees whether a test notices.

uv run --group mutation python -m recsys_dagster_tests.mutating --minutes 60 [--seed N]
    [--share 0.05] [--rooms models …] [--workers 2] [--results file]

A seeded sample of each module's mutants is shown to the fast tests of its module. Those that live
are then shown to all fast tests of its room that come to it by imports, and then to the slow ones
of its module; who lives still has survived. Run it after the fast tests, so that Numba has
compiled what it can keep. The results are lines of JSON, by which a run goes on where it ended.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from recsys_dagster_tests.mutating.places import Mutant, mutants, sample
from recsys_dagster_tests.mutating.selecting import ROOMS, path_of
from recsys_dagster_tests.mutating.trying import STEPS, Bench

REPOSITORY = Path(__file__).parents[2]


class Results:
    """What became of each mutant, in a file that grows by a line each time that one is asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()
        lines = map(json.loads, path.read_text("utf-8").splitlines())
        self.told: dict[str, dict[str, Any]] = {line["mutant"]: line for line in lines}

    def add(self, mutant: Mutant, told: dict[str, object]) -> None:
        self.told[str(mutant)] = {"mutant": str(mutant)} | asdict(mutant) | told
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self.told[str(mutant)]) + "\n")

    def waits(self, mutant: Mutant, asked: str) -> bool:
        """Whether a mutant is still to be shown to the tests of a step."""
        told, steps = self.told.get(str(mutant)), [*STEPS]
        if told is None:
            return asked == steps[0]
        return told["fate"] == "survived" and steps.index(told["asked"]) == steps.index(asked) - 1

    def killers(self) -> set[str]:
        """The tests that killed, by file and name."""
        said = "\n".join(one["said"] for one in self.told.values() if one["fate"] == "killed")
        return set(re.findall(r"^(?:FAILED|ERROR) ([^\s\[]+)", said, re.MULTILINE))

    def report(self, possible: Iterable[Mutant]) -> None:
        """Tell the fates by room and by operator, and show who survived."""
        count = Counter(one.room for one in possible)
        for room in sorted(count):
            fates = Counter(
                one["fate"] for one in self.told.values() if one["module"].split(".")[1] == room
            )
            print(f"{room}: {count[room]:,} possible, {fates.total()} tried, {dict(fates)}")  # noqa: T201
        families = [(Mutant.family_of(one["operator"]), one["fate"]) for one in self.told.values()]
        for family in sorted({family for family, _ in families}):
            fates = Counter(fate for of, fate in families if of == family)
            print(f"{family}: {fates.total()} tried, {dict(fates)}")  # noqa: T201
        for one in self.told.values():
            if one["fate"] == "survived":
                print(f"\n{one['mutant']} ({one['asked']})\n{one['difference']}")  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=ROOMS)
    parser.add_argument("--workers", type=int, default=2, help="mutants that are tried at once")
    parser.add_argument("--results", type=Path, default=Path("mutants.jsonl"))
    options = parser.parse_args()
    until = time.monotonic() + 60 * options.minutes
    results = Results(options.results)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(REPOSITORY, Path(folder))
        modules = [module for room in options.rooms for module in bench.imports.modules(room)]
        every = [mutants(module, path_of(module, bench.whole)) for module in modules]
        chosen = sample(every, options.share, options.seed)

        def ask(mutant: Mutant, asked: str) -> None:
            if time.monotonic() < until and results.waits(mutant, asked):
                results.add(mutant, bench.fate(mutant, asked))

        with ThreadPoolExecutor(options.workers) as workers:
            for asked in STEPS:
                list(workers.map(partial(ask, asked=asked), chosen))
        if said := bench.fail_without(results.killers()):
            sys.exit(f"Tests that killed mutants fail without them, too:\n{said}")
    results.report(one for found in every for one in found)


if __name__ == "__main__":
    main()
