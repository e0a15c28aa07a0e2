"""Lets a process that runs stages tell its moments, and something happen at one of them.

The moments of a stage are "begins", "stamps" (its outputs lie there, its stamp does not) and
"ends". What happens is "fill" (not a byte more fits on the disk of a folder) or "remove".
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recsys_dagster.commands.progress import LogProgress
from recsys_dagster.progress import Task
from recsys_dagster.storage.stages import Stamp, Stamps
from recsys_dagster.workshop import STAGES

BALLAST = "ballast"


class Sabotage:
    """Tells each moment, and does what is to be done at those of `moments`, which | parts."""

    def __init__(
        self, tell: Callable[[str], None], moments: str = "", action: str = "", folder: str = ""
    ) -> None:
        self._tell = tell
        self._moments, self._action, self._folder = moments.split("|"), action, Path(folder)

    def reached(self, moment: str) -> None:
        """Tell it, and act if it is the one."""
        self._tell(moment)
        if moment in self._moments:
            (fill if self._action == "fill" else shutil.rmtree)(self._folder)


def fill(folder: Path) -> None:
    """Let not one byte more fit on a disk; a disk that is full already stays so."""
    handle = os.open(folder / BALLAST, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    os.write(handle, bytes(size))
            except OSError:
                continue
    finally:
        os.close(handle)


def install(reached: Callable[[str], None]) -> None:
    """Let `reached` be called with each moment of the stages of this process."""
    shows, stamps = LogProgress.task, Stamps.write

    @contextmanager
    def task(self: LogProgress, description: str, total: int) -> Iterator[Task]:
        if description in STAGES:
            reached(f"begins {description}")
        with shows(self, description, total) as shown:
            yield shown
        if description in STAGES:
            reached(f"ends {description}")

    def write(
        self: Stamps, stage: str, expected: str, outputs: Iterable[Path], facts: Mapping[str, Any]
    ) -> Stamp:
        if stage in STAGES:
            reached(f"stamps {stage}")
        return stamps(self, stage, expected, outputs, facts)

    LogProgress.task = task  # type: ignore[method-assign]
    Stamps.write = write  # type: ignore[method-assign]
