"""Log files that never grow without bound."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

MOST = 5_000_000
"""Bytes; a log and the part before it together take twice this."""
_TAIL, _SHOWN = 4_000, 300


@contextmanager
def appended(log: Path) -> Iterator[BinaryIO]:
    """A log to give to a child, which goes on where the last one ended."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as opened:
        yield opened


def cut(log: Path, most: int = MOST) -> None:
    """Where a log has grown large, keep it as `….log.1` and begin anew.

    The writer keeps its file and never learns of it: it appends, so it goes on at the new end.
    Lines that it writes at this very moment are lost.
    """
    with suppress(OSError):
        if log.stat().st_size <= most:
            return
        with suppress(OSError):  # a full disk: then room counts for more than old lines
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def last_line(log: Path) -> str:
    """What a log ends with, shortened to a line; empty where it says nothing."""
    with suppress(OSError), log.open("rb") as opened:
        opened.seek(max(log.stat().st_size - _TAIL, 0))
        lines = opened.read().decode(errors="replace").split("\n")
        return next((line.strip()[-_SHOWN:] for line in reversed(lines) if line.strip()), "")
    return ""
