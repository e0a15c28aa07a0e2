"""Killing `recsys run` at random moments, and what has to hold afterwards.

As a program it does the same at length: `python -m recsys_dagster_tests.crashing --kills 200`.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from recsys_dagster_tests.commands import COMMAND, environment, recsys

ROOMS = ("tables", "models", "evaluation")
STAGES = (
    "", "listens", "user_song_interactions", "unique_songs", "audio_features", "svd_model",
    "knn_index", "ranker", "evaluation",
)  # fmt: skip
"""A run is killed a moment after one of these was reported as done; "" is right at the start."""


def contents(data_dir: Path) -> dict[str, str]:
    """The hash of every file that the stages make."""
    return {
        file.relative_to(data_dir).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for room in ROOMS
        for file in sorted((data_dir / room).rglob("*"))
        if file.is_file()
    }


def finished_batches(data_dir: Path) -> dict[str, int]:
    """When each batch of audio features that is there was written."""
    batches = (data_dir / "tables" / "audio_features").glob("batch=*.parquet")
    return {batch.name: batch.stat().st_mtime_ns for batch in batches}


def copy_raw(source: Path, target: Path) -> None:
    """A data folder with the same raw files and nothing else."""
    shutil.copytree(source / "raw", target / "raw")


@dataclass(frozen=True)
class Kill:
    """A kill: after which stage, how long after it, and whether the run was still alive."""

    stage: str
    delay: float
    alive: bool


def run_and_kill(data_dir: Path, stage: str, delay: float) -> Kill:
    """Start `recsys run`, and kill its process group `delay` seconds after a stage was done."""
    run = subprocess.Popen(
        [*COMMAND, "run", "--data-dir", str(data_dir)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    assert run.stderr is not None
    with run.stderr:
        if stage:
            for line in run.stderr:
                if line.startswith(f"{stage}:"):
                    break
        time.sleep(delay)
        alive = run.poll() is None
        if alive:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return Kill(stage, delay, alive)


def main() -> None:
    """Kill runs of a demo world again and again, and stop at the first thing that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--raw", type=Path, help="a data folder to take the raw files from")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        undisturbed = Path(name) / "undisturbed"
        if options.raw:
            copy_raw(options.raw, undisturbed)
        else:
            recsys("demo", "--data-dir", undisturbed)
        assert recsys("run", "--data-dir", undisturbed).code == 0
        wanted = contents(undisturbed)
        killed = 0
        while killed < options.kills:
            disturbed = Path(name) / f"disturbed-{killed}"
            copy_raw(undisturbed, disturbed)
            for _ in range(rng.randint(1, 4)):
                kill = run_and_kill(disturbed, rng.choice(STAGES), rng.uniform(0, 1.5))
                killed += kill.alive
            before = finished_batches(disturbed)
            end = recsys("run", "--data-dir", disturbed)
            after = finished_batches(disturbed)
            repeated = [batch for batch in before if before[batch] != after[batch]]
            same = contents(disturbed) == wanted
            left = list(disturbed.rglob(".tmp-*"))
            sys.stdout.write(
                f"{killed} kills; batches kept {len(before)}; exit {end.code}; equal {same}; "
                f"repeated {len(repeated)}; leftovers {len(left)}\n"
            )
            sys.stdout.flush()
            if end.code or not same or repeated or left:
                sys.exit(end.err or 1)
            shutil.rmtree(disturbed)


if __name__ == "__main__":
    main()
