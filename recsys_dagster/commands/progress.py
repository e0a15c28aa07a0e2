"""Progress for people: bars on a terminal, lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as RichProgress

from recsys_dagster.commands import console
from recsys_dagster.progress import SILENT, Progress, Task


class _Row:
    def __init__(self, bars: RichProgress, row: Any) -> None:
        self._bars = bars
        self._row = row
        self.note = ""

    def advance(self, steps: int = 1, note: str = "") -> None:
        self.note = note
        self._bars.update(self._row, advance=steps, note=note)


class TerminalProgress:
    """Shows stages as lines that stay, and what they are doing as bars that go."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._depth = 0

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        """Show a task; those inside others are indented, and vanish when they are done."""
        row = self._bars.add_task("  " * self._depth + description, total=max(total, 1), note="")
        self._depth += 1
        try:
            yield _Row(self._bars, row)
        finally:
            self._depth -= 1
            if self._depth:
                self._bars.remove_task(row)
            else:
                self._bars.stop_task(row)


class LogProgress:
    """Says on standard error which stage has ended, where there is no terminal."""

    def __init__(self) -> None:
        self._depth = 0

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:  # noqa: ARG002
        """Say one line when an outermost task has ended."""
        started, row = time.monotonic(), _Noted()
        self._depth += 1
        try:
            yield row
        finally:
            self._depth -= 1
        if not self._depth:
            note = f" ({row.note})" if row.note else ""
            seconds = time.monotonic() - started
            sys.stderr.write(f"{description}: {seconds:.1f} s{note}\n")


class _Noted:
    note = ""

    def advance(self, steps: int = 1, note: str = "") -> None:  # noqa: ARG002
        self.note = note


@contextmanager
def progress_on_stderr(*, log: bool = True) -> Iterator[Progress]:
    """Progress for people: bars on a terminal, lines elsewhere; standard output stays clean.

    Without `log`, nothing is said where there is no terminal.
    """
    if not console.err.is_terminal:
        yield LogProgress() if log else SILENT
        return
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    )
    with RichProgress(*columns, console=console.err) as bars:
        yield TerminalProgress(bars)
