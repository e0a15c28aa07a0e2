"""CSV files as they come: read fast while they are sound, line by line where they are not.

A quote that is never closed makes any CSV parser swallow all the rows up to the next quote,
without a word. So the rows that the fast parser finds are compared with the lines that the
file has; where they differ, each line is parsed alone, the sound ones are written to a clean
copy, and each of the others is left out with a reason. Where only some rows are doubtful, they
alone are looked at again.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
import polars as pl

from recsys_dagster.files.csv_shape import CsvShape

csv.field_size_limit(1 << 30)  # a title of a megabyte is odd, and no reason to lose a line
_CHUNK = 1 << 20
LINE = "line"
"""Column of a scanned CSV: the line in the file, counted from 1."""
PROBLEM = "csv_problem"
"""Column of a scanned CSV: what is wrong with the line itself, or null."""
UNCLOSED_QUOTE = "a quote that is not closed"
TOO_MANY_FIELDS = "more fields than the header has"
TOO_FEW_FIELDS = "an incomplete line"
BLANK_LINE = "a blank line"
STRAY_RETURN = "a carriage return in the middle of a line"
DOUBTFUL = "a line that has to be looked at alone"
"""The problem of a row that the fast parser may have got wrong."""
BROKEN_CHARACTER = "\ufffd"
"""Stands for bytes that are no UTF-8, and for NULs."""
_OVERFLOW = "overflow"
_BROKEN = BROKEN_CHARACTER.encode()
_LONGEST_ROW = 8
"""Lines that a quoted field may be broken over."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file is made of, byte by byte.

    Attributes
    ----------
    lines
        How many; the last one counts without a line end too.
    odd
        Whether there is what the fast parser does not tell of: a NUL, a broken character, a
        carriage return that ends no line, or a last line that breaks off after a quote.
    """

    lines: int
    odd: bool


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    fields: list[str] | None
    problem: str | None


def scan_lines(path: Path, shape: CsvShape, workspace: Path) -> pl.LazyFrame:
    """Scan a CSV, all columns as text, with its line numbers.

    Parameters
    ----------
    path
        The file, UTF-8; bytes that are not come through as U+FFFD.
    shape
        Its layout.
    workspace
        Directory for the clean copy of an unsound file; it must outlive the frame.

    Returns
    -------
    The columns by position (`column_0`, …), `line` and `csv_problem`.
    """
    rows, expected = scan_quickly(path, shape)
    if expected is None or (counted := _count(rows)) is None or counted[0] != expected:
        return scan_carefully(path, shape, workspace)
    return _settled(rows, path, shape) if counted[1] else rows


def scan_quickly(path: Path, shape: CsvShape) -> tuple[pl.LazyFrame, int | None]:
    """Scan with the fast parser, which may be wrong about a file that is not sound.

    Returns
    -------
    rows, expected
        As `scan_lines`, but a row that may be wrong has the problem `DOUBTFUL`; and how many
        rows there are if no line was swallowed, or `None` if the file is unsound for certain.
    """
    survey = survey_bytes(path)
    rows = _scan(path, shape)
    # A short line is filled with empty fields, so an empty last field may be a missing one.
    missing = pl.col(column_names(shape.width)[-1]) == ""
    doubt = (pl.col(_OVERFLOW).fill_null("") != "") | missing
    rows = rows.with_columns(pl.when(doubt).then(pl.lit(DOUBTFUL)).alias(PROBLEM)).drop(_OVERFLOW)
    return rows, None if survey.odd else survey.lines - shape.header


def _count(rows: pl.LazyFrame) -> tuple[int, int] | None:
    """How many rows there are, and how many are doubtful; `None` where they cannot be parsed."""
    parsed = pl.exclude(PROBLEM).null_count()  # a column not asked for is not parsed
    counts = rows.select(pl.len(), pl.col(PROBLEM).count().alias("doubtful"), parsed)
    try:
        count, doubtful, *_ = counts.collect(engine="streaming").row(0)
    except pl.exceptions.PolarsError:
        return None
    return count, doubtful


def _settled(rows: pl.LazyFrame, path: Path, shape: CsvShape) -> pl.LazyFrame:
    """The rows, each of which is one line, with the doubtful ones parsed alone."""
    doubtful = rows.filter(pl.col(PROBLEM).is_not_null()).select(LINE)
    asked = set(doubtful.collect(engine="streaming")[LINE])
    with _open(path) as file:
        wrong = [
            (number, problem)
            for number, text in enumerate(file, start=1)
            if number in asked and (problem := _parse_line(number, text, shape).problem)
        ]
    problems = pl.LazyFrame(wrong, {LINE: pl.Int64, PROBLEM: pl.String}, orient="row")
    found = rows.drop(PROBLEM).join(problems, on=LINE, how="left", maintain_order="left")
    fields = pl.col(column_names(shape.width))
    return found.with_columns(pl.when(pl.col(PROBLEM).is_null()).then(fields).otherwise(pl.lit("")))


def scan_carefully(path: Path, shape: CsvShape, workspace: Path) -> pl.LazyFrame:
    """As `scan_lines`, each line by itself."""
    clean = workspace / "clean.csv"
    _write_clean(path, shape, clean)
    schema = dict.fromkeys([LINE, PROBLEM, *column_names(shape.width)], pl.String)
    rows = pl.scan_csv(
        clean, has_header=False, schema=schema, empty_string_is_null=False, glob=False
    )
    return rows.with_columns(
        pl.col(LINE).cast(pl.Int64),
        pl.when(pl.col(PROBLEM) != "").then(PROBLEM).alias(PROBLEM),
    )


def column_names(width: int) -> list[str]:
    """Names by position: real headers may be empty or stand twice."""
    return [f"column_{position}" for position in range(width)]


def survey_bytes(path: Path) -> Survey:
    """Count lines, and look for what is odd, in one pass over the bytes."""
    lines = 0
    odd, before, quoted = False, b"", False
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            array = np.frombuffer(chunk, np.uint8)
            lines += int(np.count_nonzero(array == ord("\n")))
            odd = odd or _is_odd(chunk) or _is_odd(before + chunk[:2])
            before = chunk[-2:]
            last_end = chunk.rfind(b"\n")
            quoted = b'"' in chunk[last_end + 1 :] or (quoted and last_end < 0)
    return Survey(
        lines + (not before.endswith(b"\n") and bool(before)),
        odd or before.endswith(b"\r") or quoted,
    )


def _is_odd(chunk: bytes) -> bool:
    """Whether there is a NUL, a broken character or a return that ends no line."""
    # One byte is looked for before a pair: that is ten times as fast.
    if b"\0" in chunk or (_BROKEN[:1] in chunk and _BROKEN in chunk):
        return True
    if b"\r" not in chunk:
        return False
    return chunk.count(b"\r") - chunk.endswith(b"\r") != chunk.count(b"\r\n")


def _scan(path: Path, shape: CsvShape) -> pl.LazyFrame:
    return pl.scan_csv(
        path,
        has_header=False,
        skip_lines=int(shape.header),
        separator=shape.separator,
        quote_char=shape.quote,
        schema=dict.fromkeys([*column_names(shape.width), _OVERFLOW], pl.String),
        empty_string_is_null=False,
        missing_columns="insert",
        extra_columns="raise",
        row_index_name=LINE,
        row_index_offset=1 + shape.header,
        glob=False,
    ).with_columns(pl.col(LINE).cast(pl.Int64))


def _write_clean(path: Path, shape: CsvShape, clean: Path) -> None:
    with clean.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for line in _parse_lines(path, shape):
            fields = line.fields or [""] * shape.width
            writer.writerow([line.number, line.problem or "", *fields])


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", errors="replace", newline="\n")


def _parse_lines(path: Path, shape: CsvShape) -> Iterator[_Line]:
    with _open(path) as file:
        if shape.header:
            next(file)
        number, ahead = 1 + shape.header, deque(islice(file, _LONGEST_ROW))
        while ahead:
            row, used = _parse_row(number, ahead, shape)
            yield row
            number += used
            for _ in range(used):
                ahead.popleft()
            ahead.extend(islice(file, used))


def _parse_row(number: int, ahead: Sequence[str], shape: CsvShape) -> tuple[_Line, int]:
    """Parse the next row, and tell how many lines it takes.

    A quote that a line leaves open may be closed on one of the next: then they are one row, if
    together they have just the fields that they should have.
    """
    first = _parse_line(number, ahead[0], shape)
    if first.problem == UNCLOSED_QUOTE:
        for lines in range(2, len(ahead) + 1):
            row = _parse_line(number, "".join(islice(ahead, lines)), shape)
            if row.problem is None:
                return row, lines
    return first, 1


def _parse_line(number: int, text: str, shape: CsvShape) -> _Line:
    text = text.rstrip("\r\n").replace("\0", "\ufffd")
    try:
        fields = shape.fields(text)
    except csv.Error:
        return _Line(number, None, STRAY_RETURN if "\r" in text else UNCLOSED_QUOTE)
    if shape.quote is None and "\r" in text:
        return _Line(number, None, STRAY_RETURN)
    if not fields:
        return _Line(number, None, BLANK_LINE)
    if not any(fields[shape.width :]):  # separators at the end of a line say nothing
        fields = fields[: shape.width]
    if len(fields) != shape.width:
        many = len(fields) > shape.width
        return _Line(number, None, TOO_MANY_FIELDS if many else TOO_FEW_FIELDS)
    return _Line(number, fields, None)
