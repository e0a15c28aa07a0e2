import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.files.csv_lines import (
    BLANK_LINE,
    LINE,
    PROBLEM,
    STRAY_RETURN,
    TOO_FEW_FIELDS,
    TOO_MANY_FIELDS,
    UNCLOSED_QUOTE,
    column_names,
    scan_lines,
)
from recsys_dagster.files.csv_shape import CsvShape
from recsys_dagster_tests.tiers import examples

CELL = st.text(
    st.one_of(
        st.sampled_from(",\"' ;\t#\\"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"),
    ),
    max_size=8,
)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6)
)
Row = tuple[int, str | None, list[str]]


def read(content: bytes, width: int, folder: Path, name: str = "x.csv") -> list[Row]:
    path = folder / name
    path.write_bytes(content)
    columns = tuple(f"h{position}" for position in range(width))
    table = scan_lines(path, CsvShape(columns), folder).collect().sort(LINE)
    fields = table.select(column_names(width)).rows()
    return [
        (line, problem, list(row))
        for line, problem, row in zip(table[LINE], table[PROBLEM], fields, strict=True)
    ]


def write(table: list[list[str]], end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    text = io.StringIO(newline="")
    header = [f"h{position}" for position in range(len(table[0]))]
    csv.writer(text, lineterminator=end, quoting=quoting).writerows([header, *table])  # type: ignore[arg-type]
    return text.getvalue().encode()


@settings(max_examples=examples(100))
@given(
    TABLES,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
    st.booleans(),
)
def test_what_a_csv_writer_writes_is_read_back(
    table: list[list[str]], end: str, quoting: int, mark: bool, cut: bool
) -> None:
    content = (b"\xef\xbb\xbf" if mark else b"") + write(table, end, quoting)
    content = content.removesuffix(end.encode()) if cut else content
    with TemporaryDirectory() as folder:
        rows = read(content, len(table[0]), Path(folder))
    assert rows == [(number, None, row) for number, row in enumerate(table, start=2)]


@pytest.mark.slow
@settings(max_examples=examples(100))
@given(st.lists(st.text('ab,," \r\0', max_size=9), max_size=5), st.booleans())
def test_fast_and_line_by_line_agree_on_any_lines(lines: list[str], end: bool) -> None:
    """A last line with a NUL makes the whole file go line by line."""
    content = "\n".join(["h0,h1", *lines]) + ("\n" if end else "")
    careful = "\n".join(["h0,h1", *lines, "\0,\0"])
    with TemporaryDirectory() as folder:
        rows = read(content.encode(), 2, Path(folder))
        slow = read(careful.encode(), 2, Path(folder))
    assert rows == slow[: len(rows)]
    lines_of_rows = sum(1 + "".join(fields).count("\n") for _, _, fields in rows)
    assert lines_of_rows == content.count("\n") - 1 + (not content.endswith("\n"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ('7,"never closed,x', UNCLOSED_QUOTE),
        ('7,"closed" too early",x', UNCLOSED_QUOTE),
        ("7,x", TOO_FEW_FIELDS),
        ("7", TOO_FEW_FIELDS),
        ("7,x,y,z", TOO_MANY_FIELDS),
        ("7,x,y,,z", TOO_MANY_FIELDS),
        ("", BLANK_LINE),
        ("7,x\ry,z", STRAY_RETURN),
    ],
)
@pytest.mark.parametrize("place", [0, 3, 6])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_broken_line_loses_itself_alone(
    broken: str, problem: str, place: int, end: str, tmp_path: Path
) -> None:
    lines = [f'{number},"a, ""{number}""",b' for number in range(6)]
    lines.insert(place, broken)
    rows = read(end.join(["h0,h1,h2", *lines, ""]).encode(), 3, tmp_path)
    assert [line for line, _, _ in rows] == list(range(2, 9))
    assert [(line, why) for line, why, _ in rows if why] == [(place + 2, problem)]
    kept = [fields for _, why, fields in rows if not why]
    assert kept == [[str(number), f'a, "{number}"', "b"] for number in range(6)]


def test_several_broken_lines_each_get_their_own_reason(tmp_path: Path) -> None:
    rows = read(b'h0,h1\n1,"a\n\n2,b\n3\n4,c,d\n5,"e\n', 2, tmp_path)
    assert [why for _, why, _ in rows] == [
        UNCLOSED_QUOTE, BLANK_LINE, None, TOO_FEW_FIELDS, TOO_MANY_FIELDS, UNCLOSED_QUOTE,
    ]  # fmt: skip
    assert rows[2] == (4, None, ["2", "b"])


@pytest.mark.parametrize("last", ['3,"cut', '3," ""', '3,"c"x', "3"])
def test_a_broken_last_line_without_a_line_end(last: str, tmp_path: Path) -> None:
    rows = read(b'h0,h1\n1,a\n2,"b"\n' + last.encode(), 2, tmp_path)
    assert [(line, why is None) for line, why, _ in rows] == [(2, True), (3, True), (4, False)]


def test_a_nul_is_told_apart_from_text(tmp_path: Path) -> None:
    rows = read(b"h0,h1\n1,a\n2,b\0c\n3,d\n", 2, tmp_path)
    assert rows == [(2, None, ["1", "a"]), (3, None, ["2", "b\ufffdc"]), (4, None, ["3", "d"])]


def test_bytes_that_are_not_utf8_do_not_stop_the_others(tmp_path: Path) -> None:
    rows = read("h0,h1\n1,Björk\n".encode("latin-1") + b"2,b\n", 2, tmp_path)
    assert [fields for _, _, fields in rows] == [["1", "Bj\ufffdrk"], ["2", "b"]]


def test_empty_fields_at_the_end_of_a_line_say_nothing(tmp_path: Path) -> None:
    fast = read(b"h0,h1\n1,a\n2,b,\n", 2, tmp_path)
    slow = read(b"h0,h1\n1,a\n2,b,,,\n", 2, tmp_path)
    assert fast == slow == [(2, None, ["1", "a"]), (3, None, ["2", "b"])]


def test_a_title_of_a_megabyte_and_right_to_left_text(tmp_path: Path) -> None:
    table = [["1", "x" * (1 << 20)], ["2", "שיר, \u202bأغنية\u202c"], ["3", ""]]
    assert [fields for _, _, fields in read(write(table), 2, tmp_path)] == table
    broken = write(table) + b'4,"'
    assert [fields for _, why, fields in read(broken, 2, tmp_path) if not why] == table


@pytest.mark.parametrize("name", ["a[1].csv", "a*?.csv", f"{'x' * 251}.csv"])
@pytest.mark.parametrize("content", [b"h0,h1\n1,a\n", b"h0,h1\n1,a\n\n"])
def test_odd_file_names(name: str, content: bytes, tmp_path: Path) -> None:
    assert read(content, 2, tmp_path, name)[0] == (2, None, ["1", "a"])


def test_a_large_file_with_one_open_quote_in_the_middle(tmp_path: Path) -> None:
    lines = [f'{number},"song, {number}"' for number in range(20_000)]
    lines[9_000] = '9000,"open'
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["h0,h1", *lines]) + "\n")
    table = scan_lines(path, CsvShape(("h0", "h1")), tmp_path).collect()
    assert table.height == 20_000
    assert table.filter(pl.col(PROBLEM).is_not_null())[LINE].to_list() == [9_002]


def test_a_quoted_field_may_go_over_lines(tmp_path: Path) -> None:
    """As Python's csv module writes it; a quote that is closed nowhere loses its own line alone."""
    rows = read(b'h0,h1,h2\n1,"two\nlines",x\n2,"open,y\n3,b,"z"\n', 3, tmp_path)
    assert [(line, why) for line, why, _ in rows] == [(2, None), (4, UNCLOSED_QUOTE), (5, None)]
    assert rows[0][2] == ["1", "two\nlines", "x"]
