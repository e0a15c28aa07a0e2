"""JSON files item by item: the items of an array, or of JSON lines.

A file is never held whole. Damage costs the item that it is in: reading goes on where the next
one seems to begin, at an object, or at the next line where each line is an item.
"""

import json
import re
from collections.abc import Collection, Iterator
from io import StringIO
from pathlib import Path
from typing import Any, TextIO

DAMAGED = "an entry that is damaged"
CUT = "the file ends in the middle of it"
NO_OBJECT = "an entry that is no object"
TOO_LONG = "an entry of more than 16 million characters"

Item = tuple[int, dict[str, Any] | None, str | None]
"""The line where it begins, from 1; the object, or null; why there is none, or null."""

_CHUNK = 1 << 15  # small: to tell of damage costs as much as the window is long
_LONGEST_ITEM = 1 << 24
_AHEAD = 256
"""Characters that are enough to see what begins here."""
_LONGEST_TOKEN = 16
"""Characters within which a literal or an escape ends."""
_GAP = re.compile(r"[\s,\]\ufeff]*")
_LIST_OF_OBJECTS = re.compile(r"(?:\[\s*){1,4}\{")
_ENDS_HERE = re.compile(r"[ \t\r]*(?:[\n,\]]|\Z)")
_CLOSING = re.compile(r"[]}]")
_parse = json.JSONDecoder(strict=False).raw_decode  # control characters in a text do no harm


def read_items(path: Path, first_keys: Collection[str] = ()) -> Iterator[Item]:
    """Read the items of a file.

    Everything between two separators is an item: damage, or a bare number, is told of too.

    Parameters
    ----------
    path
        The file, UTF-8; bytes that are not come through as U+FFFD.
    first_keys
        Keys that items may begin with. They are how reading goes on at an item after damage, and
        not at an object within one; where items have none within them, any key will do.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
        yield from _Reader(file, first_keys)


def parse_items(text: str) -> Iterator[Item]:
    """Read the items of a text."""
    return iter(_Reader(StringIO(text, newline="\n")))


class _Reader:
    """A window on the text, and the place in it."""

    def __init__(self, file: TextIO, first_keys: Collection[str] = ()) -> None:
        self._file = file
        self._text, self._at, self._line = file.read(_AHEAD), 0, 1
        self._ended = self._in_array = False
        self._by_lines = self._text.lstrip().startswith("{")
        self._beginning = _beginning(first_keys, self._by_lines)

    def __iter__(self) -> Iterator[Item]:
        while self._find_item():
            line = self._line
            value, end, problem = self._parse_item()
            if problem is not None:
                yield line, None, self._recover(problem)
                continue
            self._move(end)
            is_object = isinstance(value, dict)
            yield line, value if is_object else None, None if is_object else NO_OBJECT

    def _find_item(self) -> bool:
        """Go to where the next item begins, and tell whether there is one."""
        while True:
            gap = _GAP.match(self._text, self._at)
            if gap is not None and gap[0]:
                self._in_array = self._in_array and "]" not in gap[0]
                self._move(gap.end())
            if len(self._text) - self._at < _AHEAD and not self._ended:
                self._read_on()
            elif not self._at_list():
                return self._at < len(self._text)
            else:
                self._in_array = True
                self._move(self._at + 1)

    def _at_list(self) -> bool:
        """Whether a list of items begins here, and not an item that is a list."""
        if not self._text.startswith("[", self._at):
            return False
        opens = not self._in_array and not self._by_lines
        return opens or bool(_LIST_OF_OBJECTS.match(self._text, self._at))

    def _parse_item(self) -> tuple[Any, int, str | None]:
        """Parse what begins here: the value, where it ends, and what is wrong with it."""
        while True:
            try:
                value, end = _parse(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._breaks_off(error):
                    return None, self._at, DAMAGED
                if self._ended:
                    return None, self._at, self._cut_or_damaged(error)
                if len(self._text) - self._at > _LONGEST_ITEM:
                    return None, self._at, TOO_LONG
                self._read_on()
            except (ValueError, RecursionError):  # a number of 5,000 digits, a thousand lists
                return None, self._at, DAMAGED
            else:
                if isinstance(value, dict):
                    return value, end, None
                if self._ended or len(self._text) - end > _LONGEST_TOKEN:
                    return value, end, None if _ENDS_HERE.match(self._text, end) else DAMAGED
                self._read_on()

    def _breaks_off(self, error: json.JSONDecodeError) -> bool:
        """Whether what is wrong is but that the window ends here."""
        return (
            error.msg.startswith("Unterminated string")
            or error.pos > len(self._text) - _LONGEST_TOKEN
        )

    def _cut_or_damaged(self, error: json.JSONDecodeError) -> str:
        in_string = error.msg.startswith("Unterminated string")
        return DAMAGED if not in_string and _CLOSING.search(self._text, error.pos) else CUT

    def _recover(self, problem: str) -> str:
        """Go on to where the next item seems to begin; tell what is wrong with this one."""
        self._move(self._at + 1)
        while not (found := self._beginning.search(self._text, self._at)) and not self._ended:
            self._move(max(self._at, len(self._text) - _AHEAD))
            self._read_on()
        self._move(found.start() if found else len(self._text))
        return DAMAGED if found and problem == CUT else problem

    def _move(self, to: int) -> None:
        self._line += self._text.count("\n", self._at, to)
        self._at = to

    def _read_on(self) -> None:
        """Read as much again as is pending: an item is parsed in vain but a few times."""
        pending = self._text[self._at :]
        more = self._file.read(max(_CHUNK, len(pending)))
        self._ended = not more
        self._text, self._at = pending + more, 0


def _beginning(first_keys: Collection[str], by_lines: bool) -> re.Pattern[str]:
    keys = "|".join(map(re.escape, first_keys))
    item = r'\{\s*"' + (f'(?:{keys})"' if keys else "")
    return re.compile(rf"\n(?=\s*\S)|{item}" if by_lines else item)
