"""How long work tells how far it is, without knowing who listens."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol


class Task(Protocol):
    """One piece of long work under way."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Say that `steps` more are done; `note` is a few words, such as a loss."""


class Progress(Protocol):
    """Something that shows progress: a terminal, a log, or nothing."""

    def task(self, description: str, total: int) -> AbstractContextManager[Task]:
        """Begin work of `total` steps."""


class _SilentTask:
    def advance(self, steps: int = 1, note: str = "") -> None:
        pass


class Silent:
    """Shows nothing."""

    def task(self, description: str, total: int) -> AbstractContextManager[Task]:  # noqa: ARG002
        """Begin work that nobody watches."""
        return nullcontext(_SilentTask())


SILENT = Silent()


_watcher: Progress = SILENT


def current() -> Progress:
    """What shows the progress of this process; nothing, unless `watched_by` says otherwise."""
    return _watcher


@contextmanager
def watched_by(progress: Progress) -> Iterator[None]:
    """Let `progress` show what this process does.

    Dagster calls assets itself, so their progress cannot come in as an argument.
    """
    global _watcher
    before, _watcher = _watcher, progress
    try:
        yield
    finally:
        _watcher = before
