"""Two at once in one data folder: never do both write, and what comes out is right.

`python -m recsys_dagster_tests.reliability.pairs --pairs 60` starts `recsys run` beside another,
beside a run as the pipeline UI starts it, and beside `recsys import`, at moments that differ.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

from recsys_dagster_tests.crashing import World, make_worlds, say
from recsys_dagster_tests.reliability.aftermath import contents, released, troubles
from recsys_dagster_tests.reliability.killing import PIPELINE, Run

BUSY = "Another run is at work"
FIRST = ("run",)
SECONDS = ("run", "pipeline", "import")
"""What the second of a pair may be."""


class Listener(Thread):
    """Notes when each stage of a run began and ended, and its exit code."""

    def __init__(self, run: Run) -> None:
        super().__init__(daemon=True)
        self._run = run
        self._begun: dict[str, float] = {}
        self.worked: list[tuple[float, float]] = []
        self.code: int | None = None
        self.start()

    def run(self) -> None:
        """Listen until it is over."""
        for moment in self._run.moments():
            when, _, stage = moment.partition(" ")
            if when == "begins":
                self._begun[stage] = time.monotonic()
            elif when == "ends":
                self.worked.append((self._begun[stage], time.monotonic()))
        self.code = self._run.join()


def wrong_with(world: World, second: str, delay: float, data_dir: Path) -> list[str]:
    """Start a pair, the second some seconds after the first; what was not right."""
    shutil.copytree(world.before, data_dir)
    words = {
        "run": FIRST, "pipeline": PIPELINE,
        "import": ("import", str(data_dir / "raw" / "history" / "first.csv")),
    }[second]  # fmt: skip
    with ExitStack() as stack:
        runs = []
        for number, command in enumerate((FIRST, words)):
            runs.append(Run(data_dir, command, data_dir.with_name(f"{data_dir.name}-{number}.log")))
            stack.callback(runs[-1].kill)
            time.sleep(0 if number else delay)
        listeners = [Listener(run) for run in runs]
        for listener in listeners:
            listener.join()
        said = [run.log.read_text(encoding="utf-8") for run in runs]
    return [*_wrong(listeners, said), *_wrong_at_the_end(world, data_dir)]


def _wrong(listeners: list[Listener], said: list[str]) -> list[str]:
    wrong = []
    for listener, text in zip(listeners, said, strict=True):
        if listener.code and (listener.code != 1 or BUSY not in text.splitlines()[-1]):
            wrong.append(f"exit {listener.code}: {text}")
    if all(listener.code for listener in listeners):
        wrong.append("neither did it")
    first, second = (listener.worked for listener in listeners)
    for begun, ended in first:
        # A stage says that it is over when it has let go of the lock, a moment late.
        if any(begun < other[1] - 0.05 and other[0] < ended - 0.05 for other in second):
            wrong.append("both worked at once")
    return wrong


def _wrong_at_the_end(world: World, data_dir: Path) -> list[str]:
    last = Run(data_dir)
    if last.join():
        return [last.log.read_text(encoding="utf-8")]
    wrong = list(troubles(data_dir, data_dir / "nowhere"))
    if (contents(data_dir), released(data_dir)) != (contents(world.wanted), released(world.wanted)):
        wrong.append("not as after an undisturbed run")
    return wrong


def main() -> None:
    """Start pairs, and stop at the first that goes wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        world = make_worlds(Path(name))[-1]
        longest = sum(world.seconds.values())
        for number in range(options.pairs):
            data_dir, second = Path(name) / f"pair-{number}", SECONDS[number % len(SECONDS)]
            delay = rng.choice([0, rng.uniform(0, longest)])
            wrong = wrong_with(world, second, delay, data_dir)
            say(f"{number + 1}: run and {second} {delay:.1f} s later: {wrong or 'right'}")
            if wrong:
                sys.exit(1)
            shutil.rmtree(data_dir)


if __name__ == "__main__":
    main()
