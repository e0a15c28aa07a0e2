"""A disk that is full when a stage begins: what the run says, what still serves, what comes after.

`python -m recsys_dagster_tests.reliability.full_disk` fills it at every stage in turn: of a first
run, and of a refresh of a released world.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from recsys_dagster.recommend import Recommender
from recsys_dagster.workshop import STAGES
from recsys_dagster_tests.crashing import World, make_worlds, say
from recsys_dagster_tests.reliability.aftermath import contents, released, troubles
from recsys_dagster_tests.reliability.disks import small_disk
from recsys_dagster_tests.reliability.killing import Moment, finish
from recsys_dagster_tests.reliability.sabotaged import BALLAST

SIZE = "size=120m"


def wrong_when_full(world: World, stages: Sequence[str], disk: Path) -> dict[str, list[str]]:
    """Fill the disk when each stage begins, one run after the other, and make room each time.

    Returns what was not right, by stage, and "at last" for what came of it.
    """
    data_dir = disk / "data"
    shutil.copytree(world.before, data_dir)
    wrong = {stage: _wrong_at(stage, data_dir, disk) for stage in stages}
    return {**wrong, "at last": _wrong_at_last(world, data_dir, disk)}


def _wrong_at(stage: str, data_dir: Path, disk: Path) -> list[str]:
    before = _answer(data_dir)
    moments = "|".join({f"begins {stage}", *Moment(stage, "begins", 0).too_late})
    full = finish(data_dir, (moments, "fill", str(disk)), disk.with_suffix(".log"))
    *others, last = full.err.splitlines() or [""]
    say(f"{full.out}: {last.replace(str(disk), '…')}")
    wrong = [] if full.code == 1 else [f"exit {full.code} and not 1"]
    wrong += [] if "The disk is full" in last else ["it does not say that the disk is full"]
    wrong += [line for line in others if line.split(":")[0] not in STAGES]
    if before and _answer(data_dir) != before and stage != "user_recommendations":
        wrong.append("the release that was there does not answer as before")
    (disk / BALLAST).unlink()
    return wrong


def _wrong_at_last(world: World, data_dir: Path, disk: Path) -> list[str]:
    end = finish(data_dir, log=disk.with_suffix(".log"))
    if end.code:
        return [end.err]
    wrong = list(troubles(data_dir, disk / "nowhere"))
    if contents(data_dir) != contents(world.wanted):
        wrong.append("not as after an undisturbed run")
    if released(data_dir) != released(world.wanted):
        wrong.append("another release than after an undisturbed run")
    return wrong


def _answer(data_dir: Path) -> list[str]:
    """Some songs of the release, if there is one."""
    if not (data_dir / "releases" / "CURRENT").exists():
        return []
    recommender = Recommender.open(data_dir)
    return [song.title for song in recommender.recommend([recommender.popular(1)[0].song_id])
            .recommendations]  # fmt: skip


def main() -> None:
    """Every stage in turn."""
    failed = False
    with tempfile.TemporaryDirectory() as name:
        for world in make_worlds(Path(name))[:2]:
            say(world.name)
            with small_disk(Path(name) / f"disk of {world.name}", SIZE) as disk:
                for at, wrong in wrong_when_full(world, list(world.seconds), disk).items():
                    failed |= bool(wrong)
                    say(f"{at}: {'; '.join(wrong) or 'as wanted'}")
    sys.exit(failed)


if __name__ == "__main__":
    os.environ["RECSYS_REQUIRE_MOUNT"] = "1"
    main()
