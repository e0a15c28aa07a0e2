"""One writer at a time in a data folder."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.format import mark, refuse_newer
from recsys_dagster.storage.layout import Layout

_HELD: dict[str, int] = {}
"""The inode of each lock file that this process has: the name may come to mean another."""


class BusyError(RecsysError):
    """Another process writes in the data folder."""


class FolderGoneError(RecsysError):
    """The data folder was deleted or moved while it was in use."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"The data folder {root} was deleted or moved while it was in use. Put the histories "
            "back with `recsys import FILE…`, or name the folder's new place with --data-dir, and "
            "run again."
        )


@contextmanager
def writing(layout: Layout, *, wait: bool = True) -> Iterator[None]:
    """Keep every other process from writing; the system frees the lock when this one dies.

    It may be taken again by the process that has it.

    Parameters
    ----------
    layout
        Of the data folder.
    wait
        Whether to wait until another process has ended.

    Raises
    ------
    BusyError
        Another process is at work, and `wait` is false.
    RecsysError
        A newer version of the program has written the data folder, or it was deleted while this
        process has the lock (`FolderGoneError`).
    """
    lock = FileLock(layout.lock, is_singleton=True, thread_local=False)
    if lock.is_locked:
        refuse_if_gone(layout)
        yield
        return
    refuse_newer(layout)
    layout.lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise BusyError(
            f"Another run is at work in {layout.root}. Wait until it has ended."
        ) from None
    try:
        mark(layout)
        _HELD[str(layout.lock)] = layout.lock.stat().st_ino
        with _temporary_files_in(layout.temporary):
            yield
    finally:
        lock.release()
        _HELD.pop(str(layout.lock), None)


@contextmanager
def alone(file: Path, refusal: str) -> Iterator[None]:
    """Have a lock file to oneself; the system frees it when the process dies.

    Raises
    ------
    RecsysError
        Somebody else has it; `refusal` is the message.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RecsysError(refusal) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Keep temporary files where those of a process that was killed are found again."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def refuse_if_gone(layout: Layout) -> None:
    """Stop work in a folder that was deleted; raises `FolderGoneError`."""
    if is_gone(layout):
        raise FolderGoneError(layout.root)


def is_gone(layout: Layout) -> bool:
    """Whether the folder that this process has the lock of was deleted.

    Where one by its name came after it, the lock in that is another, which others may have.
    """
    held = _HELD.get(str(layout.lock))
    if held is None:
        return False
    return not layout.lock.exists() or layout.lock.stat().st_ino != held
