"""Small disks, full disks, and folders that cannot be written, where the system lets us."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, *options: str) -> Iterator[Path]:
    """A disk in memory, such as of `size=60m` or with `nr_inodes=500`."""
    place.mkdir()
    _mount("-t", "tmpfs", "-o", ",".join(options), "none", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def read_only(folder: Path, place: Path) -> Iterator[Path]:
    """A folder as it is seen through a mount that cannot be written."""
    place.mkdir()
    _mount("--bind", str(folder), str(place))
    try:
        _mount("-o", "remount,ro,bind", str(place))
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _mount(*words: str) -> None:
    """Mount, or skip the test where that is not allowed; where all must run, fail it."""
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = f"a disk cannot be mounted here: {done.stderr.strip()}"
        if os.environ.get("RECSYS_REQUIRE_MOUNT"):
            pytest.fail(reason)
        pytest.skip(reason)
