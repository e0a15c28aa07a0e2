"""The first look at a text file, by which it is recognised or refused."""

import codecs
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.csv_shape import CsvShape, shape_of

_SAMPLE_BYTES = 1 << 16
_LONGEST_FIRST_LINE = 16 << 20
_ZIP = b"PK\x03\x04"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Sample:
    """The beginning of a file."""

    path: Path
    text: str

    @cached_property
    def shape(self) -> CsvShape:
        """Its layout, taken as a CSV with a header."""
        return shape_of(self.text.partition("\n")[0])

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields of its first line."""
        return self.shape.columns

    @property
    def is_json(self) -> bool:
        """Whether it begins as JSON does."""
        return self.text.lstrip().startswith(("[", "{"))

    @property
    def lines(self) -> list[str]:
        """The lines that are there whole."""
        lines = self.text.split("\n")
        return lines[:-1] if len(lines) > 1 else lines


def take_sample(path: Path) -> Sample:
    """Look at the beginning of a file.

    Raises
    ------
    RecsysError
        The file is empty, is not text, or is in an encoding other than UTF-8.
    """
    head = _head(path)
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise RecsysError(f"{path.name} is empty. Export it again from where it came.")
    if head.startswith(_ZIP):
        raise RecsysError(
            f"{path.name} is a zip, which is not opened here. `recsys import` unpacks it."
        )
    if head.startswith(_UTF16):
        raise RecsysError(
            f"{path.name}, line 1: the encoding is UTF-16, expected UTF-8. "
            'Save it again as "CSV UTF-8".'
        )
    sample = Sample(path, head.decode("utf-8-sig", errors="replace"))
    if sample.is_json:
        return sample
    if "\ufffd" in printable_name(path):  # the reader of tables takes no such names
        raise RecsysError(f"The file name {printable_name(path)!r} is not UTF-8. Rename the file.")
    first = head.split(b"\n", 1)[0]
    if b"\0" in first:
        raise RecsysError(f"{path.name}, line 1: this is no text file, expected a CSV in UTF-8.")
    if b"\r" in first.rstrip(b"\r"):
        raise RecsysError(
            f"{path.name}, line 1: a carriage return alone ends the line, expected a line feed. "
            'Save it again as "CSV UTF-8".'
        )
    return sample


def printable_name(path: Path) -> str:
    """The name of a file, with U+FFFD for bytes that are no text."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def _head(path: Path) -> bytes:
    """The first bytes of a file, and of a table the whole of its first line."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
        if b"\n" not in head and head.lstrip()[:1] not in {b"[", b"{"}:
            head += file.readline(_LONGEST_FIRST_LINE)
    return head
