"""What every command writes with: standard output and standard error, tables and plain words."""

import unicodedata
from collections.abc import Sequence
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 200
"""Columns where there is no terminal to ask: what goes into a file or a pipe is not folded."""


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(stderr=stderr, highlight=False, emoji=False, width=_WIDE)


out = _console(stderr=False)
err = _console(stderr=True)
_LONGEST = 200


def say(line: str) -> None:
    """A line of plain text on standard output; a terminal folds it, and nothing else does."""
    out.print(printable(line), markup=False, soft_wrap=True)


def warn(line: str) -> None:
    """`say`, on standard error."""
    err.print(printable(line), markup=False, soft_wrap=True)


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


def show_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Names and values, one a line."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts:
        grid.add_row(Text(name, style="dim"), Text(printable(value)))
    out.print(grid)
