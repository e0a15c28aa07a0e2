"""One writer at a time in a data folder."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.format import mark, refuse_newer
from recsys_dagster.storage.layout import Layout


class BusyError(RecsysError):
    """Another process writes in the data folder."""


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
        A newer version of the program has written the data folder.
    """
    refuse_newer(layout)
    layout.lock.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(layout.lock, is_singleton=True, thread_local=False)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise BusyError(
            f"Another run is at work in {layout.root}. Wait until it has ended."
        ) from None
    try:
        mark(layout)
        yield
    finally:
        lock.release()
