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
from pathlib import Path

from recsys_dagster_tests.commands import COMMAND, environment, recsys

ROOMS = ("tables", "models", "evaluation")
MOST_STAGES = 4
"""A run is killed a moment after this many stages, or fewer, were reported as done."""


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


def run_and_kill(data_dir: Path, rng: random.Random) -> bool:
    """Start `recsys run` and kill its process group at a moment; tells whether it still ran.

    The moment is up to a second after some stages were reported as done, so that kills fall
    into all of them, and not mostly into the start of Python.
    """
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
        for _ in range(rng.randint(0, MOST_STAGES)):
            run.stderr.readline()
        time.sleep(rng.uniform(0, 1))
        alive = run.poll() is None
        if alive:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return alive


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
                killed += run_and_kill(disturbed, rng)
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
