"""Killing `recsys run` at random moments of every stage, and what has to hold afterwards.

They are first runs, and refreshes of a released world to which much or little was added.
`python -m recsys_dagster_tests.crashing --kills 200` stops at the first thing that is wrong, and
ends with how many kills fell where.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recsys_dagster.workshop import MODELS, STAGES
from recsys_dagster_tests.conftest import make_demo
from recsys_dagster_tests.reliability.aftermath import Done, contents, released, troubles
from recsys_dagster_tests.reliability.killing import (
    Moment,
    finish,
    kill,
    kill_at_start,
    time_stages,
)

AT_ONCE = 11
"""Kills of one folder at most, before a run is let through to its end."""
FEW = 300
"""One listen in so many more: ranker and evaluation stand, and the rest learns it."""


@dataclass(frozen=True)
class World:
    """A folder before a run, and the folder as an undisturbed run leaves it.

    `seconds` are those of each stage, in the order in which they run.
    """

    name: str
    before: Path
    wanted: Path
    seconds: dict[str, float]

    @classmethod
    def make(cls, name: str, before: Path, wanted: Path) -> "World":
        """Run undisturbed."""
        shutil.copytree(before, wanted)
        return cls(name, before, wanted, time_stages(wanted))


def copy_raw(source: Path, target: Path) -> None:
    """A data folder with the same raw files and nothing else."""
    shutil.copytree(source / "raw", target / "raw")


def add_history(data_dir: Path, one_in: int = 3) -> None:
    """A second history: listeners of the first one, by other names, one in some listens."""
    history = data_dir / "raw" / "history"
    first = history / "demo" / "Last.fm_data.csv"
    head, *rows = first.read_text(encoding="utf-8").splitlines(keepends=True)
    (history / "first.csv").write_text(head + "".join(rows), encoding="utf-8")
    second = [row.replace("listener_0", "friend_0", 1) for row in rows[::one_in]]
    (history / "second.csv").write_text(head + "".join(second), encoding="utf-8")
    first.unlink()


def make_worlds(folder: Path) -> list[World]:
    """A first run, and refreshes after much and after little was added."""
    raw, worlds = folder / "raw", []
    make_demo(raw, users=24, songs=800, listens=5_000)
    worlds.append(World.make("first run", raw, folder / "undisturbed"))
    for name, one_in in (("refresh", 3), ("small refresh", FEW)):
        before = folder / name
        shutil.copytree(worlds[0].wanted, before)
        add_history(before, one_in)
        worlds.append(World.make(name, before, folder / f"undisturbed {name}"))
    return worlds


def draw_targets(rng: random.Random) -> Iterator[list[str]]:
    """Stages in the order in which they run, a few at a time, all of them equally often."""
    while True:
        stages = list(STAGES)
        rng.shuffle(stages)
        for start in range(0, len(stages), AT_ONCE):
            yield stages[start : start + AT_ONCE]


def disturb(world: World, data_dir: Path, stages: list[str], rng: random.Random) -> Counter[str]:
    """Kill runs in some stages, one after the other; where each of them was."""
    order = list(world.seconds)
    models = [order.index(stage) for stage in MODELS]
    for place, stage in zip(sorted(models), rng.sample(MODELS, len(MODELS)), strict=True):
        order[place] = stage  # Dagster runs them in this order or that: each is to have its turn
    fell = Counter[str]()
    if rng.random() < 0.1:
        fell[kill_at_start(data_dir, rng) or "over"] += 1
    for stage in sorted(set(stages) & set(order), key=order.index):
        moment = Moment.draw(stage, world.seconds[stage], rng)
        fell[kill(data_dir, moment) or "over"] += 1
    return fell


def wrong_after(world: World, data_dir: Path, temporary: Path) -> list[str]:
    """Let a run through to its end; what is not as after an undisturbed one."""
    done = Done.of(data_dir, world.wanted)
    end = finish(data_dir)
    if end.code:
        return [end.err]
    wrong = [f"done again: {name}" for name in done.done_again(data_dir, world.wanted)]
    wrong += list(troubles(data_dir, temporary))
    if contents(data_dir) != contents(world.wanted):
        wrong.append("the tables, models or figures are not those of an undisturbed run")
    if released(data_dir) != released(world.wanted):
        wrong.append("the release is not that of an undisturbed run")
    return wrong


def table(fell: Counter[str], worlds: list[World]) -> str:
    """How many kills fell where."""
    lines = [f"{'stage':26}{'within':>8}{'before stamp':>14}{'after it':>10}"]
    for stage in worlds[0].seconds:
        counts = (fell[f"{when} {stage}"] for when in ("begins", "stamps", "ends"))
        lines.append(f"{stage:26}{{:>8}}{{:>14}}{{:>10}}".format(*counts))
    lines.append(f"{'before the first stage':26}{fell['starts']:>8}")
    return "\n".join(lines)


def main() -> None:
    """Kill runs again and again, and stop at the first thing that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, fell = random.Random(options.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name) / "temporary"
        temporary.mkdir()
        os.environ["TMPDIR"] = str(temporary)
        worlds = make_worlds(Path(name))
        targets = {world.name: draw_targets(rng) for world in worlds}
        cycle = 0
        while fell.total() - fell["over"] < options.kills:
            world = worlds[cycle % len(worlds)]
            data_dir = Path(name) / f"disturbed-{cycle}"
            shutil.copytree(world.before, data_dir)
            fell += disturb(world, data_dir, next(targets[world.name]), rng)
            wrong = wrong_after(world, data_dir, temporary)
            killed = fell.total() - fell["over"]
            say(f"{killed} kills; {world.name}: {'; '.join(wrong) or 'as undisturbed'}")
            if wrong:
                kept = shutil.copytree(data_dir, Path.cwd() / "disturbed", dirs_exist_ok=True)
                sys.exit(f"The folder is kept as {kept}.")
            shutil.rmtree(data_dir)
            cycle += 1
        say(table(fell, worlds))


def say(text: str) -> None:
    """Say it at once, also into a file."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
