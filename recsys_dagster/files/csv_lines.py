"""CSV files as they come: read fast while they are sound, line by line where they are not.

A quote that is never closed makes any CSV parser swallow all the rows up to the next quote,
without a word. So the rows that the fast parser finds are compared with the lines that the
file has; where they differ, each line is parsed alone, the sound ones are written to a clean
copy, and each of the others is left out with a reason.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

csv.field_size_limit(1 << 30)  # a title of a megabyte is odd, and no reason to lose a line
_CHUNK = 1 << 22
LINE = "line"
"""Column of a scanned CSV: the line in the file, counted from 1 with the header."""
PROBLEM = "csv_problem"
"""Column of a scanned CSV: what is wrong with the line itself, or null."""
UNCLOSED_QUOTE = "a quote that is not closed"
TOO_MANY_FIELDS = "more fields than the header has"
TOO_FEW_FIELDS = "an incomplete line"
BLANK_LINE = "a blank line"
STRAY_RETURN = "a carriage return in the middle of a line"
_OVERFLOW = "overflow"
_LONGEST_ROW = 8
"""Lines that a quoted field may be broken over."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    fields: list[str] | None
    problem: str | None


def scan_lines(path: Path, columns: tuple[str, ...], workspace: Path) -> pl.LazyFrame:
    """Scan a CSV with a header line, all columns as text, with its line numbers.

    Parameters
    ----------
    path
        The file, UTF-8; bytes that are not come through as U+FFFD.
    columns
        The fields of the header line.
    workspace
        Directory for the clean copy of an unsound file; it must outlive the frame.

    Returns
    -------
    The columns by position (`column_0`, …), `line` and `csv_problem`.
    """
    if _is_sound(path, columns):
        return _scan(path, columns).with_columns(pl.lit(None, pl.String).alias(PROBLEM))
    clean = workspace / "clean.csv"
    _write_clean(path, len(columns), clean)
    width = len(columns)
    schema = dict.fromkeys([LINE, PROBLEM, *column_names(width)], pl.String)
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


def _scan(path: Path, columns: tuple[str, ...]) -> pl.LazyFrame:
    return pl.scan_csv(
        path,
        has_header=False,
        skip_lines=1,
        schema=dict.fromkeys([*column_names(len(columns)), _OVERFLOW], pl.String),
        empty_string_is_null=False,
        missing_columns="insert",
        extra_columns="raise",
        encoding="utf8-lossy",
        row_index_name=LINE,
        row_index_offset=2,
        glob=False,
    ).with_columns(pl.col(LINE).cast(pl.Int64))


def _is_sound(path: Path, columns: tuple[str, ...]) -> bool:
    """Whether the fast parser may be believed: as many rows as lines, none short or long.

    It fills a short line with empty fields, so a last field that is empty, or one field more,
    is reason enough to look at each line; so are characters that end a line or a text elsewhere.
    """
    lines, odd = _survey(path)
    if odd:
        return False
    last, overflow = pl.col(column_names(len(columns))[-1]), pl.col(_OVERFLOW)
    doubtful = (last == "") | (overflow.fill_null("") != "")
    parsed = pl.all().null_count().name.suffix("_parsed")  # a column not asked for is not parsed
    counts = _scan(path, columns).select(pl.len(), doubtful.sum().alias("doubtful"), parsed)
    try:
        rows, doubtful_rows, *_ = counts.collect(engine="streaming").row(0)
    except pl.exceptions.PolarsError:
        return False
    return int(rows) == lines - 1 and doubtful_rows == 0


def _survey(path: Path) -> tuple[int, bool]:
    """Count the lines, and tell whether there is what the fast parser does not tell of.

    The last line counts without a line end too. Not told of are a NUL, a carriage return
    that ends no line, and a last line that breaks off after a quote.
    """
    count, odd, last = 0, False, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            count += chunk.count(b"\n")
            odd = odd or b"\0" in chunk or chunk.count(b"\r") != chunk.count(b"\r\n")
            last = chunk[max(chunk.rfind(b"\n"), 0) :]
    return count + (last != b"\n"), odd or b'"' in last


def _write_clean(path: Path, width: int, clean: Path) -> None:
    with clean.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for line in _parse_lines(path, width):
            fields = line.fields or [""] * width
            writer.writerow([line.number, line.problem or "", *fields])


def _parse_lines(path: Path, width: int) -> Iterator[_Line]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
        next(file)
        number, ahead = 2, deque(islice(file, _LONGEST_ROW))
        while ahead:
            row, used = _parse_row(number, ahead, width)
            yield row
            number += used
            for _ in range(used):
                ahead.popleft()
            ahead.extend(islice(file, used))


def _parse_row(number: int, ahead: Sequence[str], width: int) -> tuple[_Line, int]:
    """Parse the next row, and tell how many lines it takes.

    A quote that a line leaves open may be closed on one of the next: then they are one row, if
    together they have just the fields that they should have.
    """
    first = _parse_line(number, ahead[0], width)
    if first.problem == UNCLOSED_QUOTE:
        for lines in range(2, len(ahead) + 1):
            row = _parse_line(number, "".join(islice(ahead, lines)), width)
            if row.problem is None:
                return row, lines
    return first, 1


def _parse_line(number: int, text: str, width: int) -> _Line:
    text = text.rstrip("\r\n").replace("\0", "\ufffd")
    try:
        fields = next(csv.reader([text], strict=True), [])
    except csv.Error:
        return _Line(number, None, STRAY_RETURN if "\r" in text else UNCLOSED_QUOTE)
    if not fields:
        return _Line(number, None, BLANK_LINE)
    if not any(fields[width:]):  # commas at the end of a line say nothing
        fields = fields[:width]
    if len(fields) != width:
        return _Line(number, None, TOO_MANY_FIELDS if len(fields) > width else TOO_FEW_FIELDS)
    return _Line(number, fields, None)
