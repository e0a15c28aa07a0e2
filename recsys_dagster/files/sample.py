"""The first look at a text file, by which it is recognised or refused."""

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

from recsys_dagster.errors import RecsysError

_SAMPLE_BYTES = 1 << 16
_ZIP = b"PK\x03\x04"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file; `columns` are the fields of its first line."""

    path: Path
    text: str
    columns: tuple[str, ...]


def take_sample(path: Path) -> Sample:
    """Look at the beginning of a file.

    Raises
    ------
    RecsysError
        The file is empty, is not text, or is in an encoding other than UTF-8.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise RecsysError(f"{path.name} is empty. Export it again from where it came.")
    if head.startswith(_ZIP):
        raise RecsysError(
            f"{path.name} is a zip, which is not read where it lies. `recsys import` unpacks it."
        )
    if head.startswith(_UTF16):
        raise RecsysError(
            f"{path.name}, line 1: the encoding is UTF-16, expected UTF-8. "
            'Save it again as "CSV UTF-8".'
        )
    first = head.split(b"\n", 1)[0]
    if b"\0" in first:
        raise RecsysError(f"{path.name}, line 1: this is no text file, expected a CSV in UTF-8.")
    if b"\r" in first.rstrip(b"\r"):
        raise RecsysError(
            f"{path.name}, line 1: a carriage return alone ends the line, expected a line feed. "
            'Save it again as "CSV UTF-8".'
        )
    text = head.decode("utf-8-sig", errors="replace")
    return Sample(path, text, _first_fields(text))


def _first_fields(text: str) -> tuple[str, ...]:
    try:
        return tuple(field.strip() for field in next(csv.reader([text.split("\n", 1)[0]])))
    except (csv.Error, StopIteration):
        return ()
