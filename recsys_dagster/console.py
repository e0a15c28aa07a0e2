"""What the command line shows: progress, tables and plain words."""

import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from recsys_dagster.progress import SILENT, Progress, Task

if TYPE_CHECKING:  # the recommender takes seconds to import, and not every command needs it
    from recsys_dagster.recommend.answer import Answer, Song

_WIDE = 200
"""Columns where there is no terminal to ask: what goes into a file or a pipe is not folded."""


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(stderr=stderr, highlight=False, emoji=False, width=_WIDE)


out = _console(stderr=False)
err = _console(stderr=True)
_BAR = 12
_SHOWN = 80
_LONGEST = 200


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
    if not err.is_terminal:
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
    with RichProgress(*columns, console=err) as bars:
        yield TerminalProgress(bars)


_WHOLE = frozenset({"#", "release", "made", "match"})
"""Columns that are useless when they are folded."""


def table(columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> Table:
    """A table of plain text; `columns` are titles and whether they hold numbers."""
    grid = Table(box=None, pad_edge=False, collapse_padding=True, header_style="bold")
    for title, number in columns:
        justify: Literal["left", "right"] = "right" if number else "left"
        grid.add_column(title, justify=justify, overflow="fold", no_wrap=title in _WHOLE)
    for row in rows:
        grid.add_row(*(Text(shorten(printable(cell))) for cell in row))
    return grid


def shorten(text: str) -> str:
    """A text that fits: a title of 10,000 letters must not fill the screen."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def printable(text: str) -> str:
    """Text that does not drive the terminal: no control characters, no change of direction."""
    return "".join("�" if _drives_the_terminal(one) else one for one in text)


def _drives_the_terminal(character: str) -> bool:
    # Joiners are format characters too, and Persian and emoji are not right without them.
    turns = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    return turns or unicodedata.category(character) in {"Cc", "Cs", "Cn", "Zl", "Zp"}


def show_answer(answer: "Answer") -> None:
    """What was not found and why on standard error, recommendations on standard output."""
    from recsys_dagster.recommend.methods import BRINGS

    show_unmatched(answer)
    if not answer.recommendations:
        err.print("There is nothing left to recommend.")
        return
    best = max(max(song.score for song in answer.recommendations), 1e-9)
    names = {seed.song.song_id: seed.song.title for seed in answer.seeds if seed.song}
    rows = [
        (
            str(song.rank),
            song.artist,
            song.title,
            bar(song.score / best),
            "+".join(BRINGS.get(one, one).lower() for one in song.sources),
            _because(song.because.seeds, names, [one.feature for one in song.because.audio]),
        )
        for song in answer.recommendations
    ]
    columns = [("#", True), ("artist", False), ("title", False), ("match", False),
               ("from", False), ("because", False)]  # fmt: skip
    out.print(table(columns, rows))


def show_unmatched(answer: "Answer") -> None:
    """What was not found, and that the answer is not of the first rung, on standard error."""
    for seed in answer.seeds:
        if not seed.matched:
            _not_found(f'Not in the catalogue: "{_cut(seed.query)}".', seed.suggestions)
    for one in answer.excluded:
        if not one.matched:
            words = f'Nothing to leave out: no {one.kind} "{_cut(one.query)}" in the catalogue.'
            _not_found(words, one.suggestions)
    fallback = _fallback(answer)
    if fallback:
        err.print(fallback, markup=False, soft_wrap=True)


_FALLBACKS = {
    "audio": "Nobody has listened to these songs yet, so the answer goes by how they sound.",
    "unknown": "None of the songs is known, so these come from the most played ones.",
    "none": "No song was named, so these come from the most played ones. "
    'Name one to five: recsys recommend "Artist - Title"',
}


def _fallback(answer: "Answer") -> str | None:
    """One sentence where the answer is not of the first rung."""
    if answer.rung == "none" and answer.user is not None:
        return "This listener has played nothing yet, so these come from the most played songs."
    return _FALLBACKS.get(answer.rung)


def _cut(query: str) -> str:
    return query if len(query) <= _SHOWN else f"{query[:_SHOWN]}…"


def show_nothing_found(text: str, nearest: "Sequence[Song]") -> None:
    """Say that a search found nothing, and what comes nearest."""
    _not_found(f'No song has all the words of "{_cut(text)}".', nearest)


def _not_found(words: str, suggestions: "Sequence[Song]") -> None:
    nearest = "; ".join(f"{song.artist} - {song.title}" for song in suggestions)
    hint = f" Did you mean: {nearest}?" if nearest else ""
    err.print(Text(printable(words + hint)), soft_wrap=True)


def _because(seeds: Sequence[Any], names: Mapping[int, str], features: list[str]) -> str:
    shares = [
        f"{names[one.song_id]} {one.share:.0%}"
        for one in seeds
        if len(names) > 1 and one.song_id in names and one.share >= 0.005
    ]
    alike = [f"like in {', '.join(features)}"] if features else []
    return "; ".join([", ".join(shares), *alike] if shares else alike)


def bar(share: float) -> str:
    """A share of the best as a bar."""
    return "█" * round(max(min(share, 1), 0) * _BAR) or "▏"


def show_songs(songs: "Sequence[Song]") -> None:
    """Songs of the catalogue."""
    rows = [
        (song.artist, song.title, f"{song.plays:,}", f"{song.listeners:,}",
         "yes" if song.has_audio else "no")
        for song in songs
    ]  # fmt: skip
    columns = [("artist", False), ("title", False), ("plays", True), ("listeners", True),
               ("audio features", False)]  # fmt: skip
    out.print(table(columns, rows))


def show_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Names and values, one a line."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts:
        grid.add_row(Text(name, style="dim"), Text(printable(value)))
    out.print(grid)
