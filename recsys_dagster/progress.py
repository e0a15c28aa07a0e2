"""How long work tells how far it is, without knowing who listens."""

from contextlib import AbstractContextManager, nullcontext
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
