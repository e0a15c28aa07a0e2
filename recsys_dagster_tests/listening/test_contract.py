"""What every history format owes whoever has such a file."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.files.csv_lines import LINE
from recsys_dagster.files.sample import take_sample
from recsys_dagster.listening.formats import FORMATS
from recsys_dagster.listening.reading import read_history, recognise
from recsys_dagster.listening.readings import Reading
from recsys_dagster.listening.schema import EXAMPLE, LEFT_OUT, NOTE, READ_SCHEMA
from recsys_dagster_tests.listening.writers import WRITERS, Play, plays

EACH = pytest.mark.parametrize("name", WRITERS)
ODD = ("Björk", "初音ミク", "مرحبا", "O'Brien", 'The "X"', "x,y; z", "True", "1999", "é" * 200)
Read = Callable[[str, list[Play]], tuple[Reading, pl.DataFrame]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def of(name: str, played: list[Play]) -> tuple[Reading, pl.DataFrame]:
        file = WRITERS[name](tmp_path / name, played)
        reading = read_history(file, tmp_path / "out.parquet", "anna")
        return reading, pl.read_parquet(tmp_path / "out.parquet")

    return of


def test_every_format_is_under_test(tmp_path: Path) -> None:
    files = [write(tmp_path / name, plays(3)) for name, write in WRITERS.items()]
    assert {type(recognise(file)[0]) for file in files} == {type(form) for form in FORMATS}


def test_what_a_format_says_of_itself() -> None:
    for form in FORMATS:
        assert form.name.strip()
        assert form.version >= 1
        assert form.slack in range(61)
        assert form.rank >= 0


@pytest.mark.slow
@EACH
def test_a_file_is_of_one_format_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    sample = take_sample(WRITERS[name](tmp_path / "file", plays(3)))
    assert sum(form.recognises(sample) for form in FORMATS) == 1


@EACH
def test_every_listen_comes_through(name: str, read: Read) -> None:
    reading, found = read(name, plays(50))
    assert (reading.rows, reading.listens, reading.left_out) == (50, 50, {})
    assert found["title"].to_list() == [title for title, _ in plays(50)]
    assert set(found["artist"].str.to_lowercase()) == {"abba"}
    assert set(found["user"]) == {"anna"}
    assert reading.listener in (None, "anna")
    span = timedelta(seconds=reading.slack + reading.resolution)
    for time, (_, at) in zip(found["listened_at"], plays(50), strict=True):
        assert abs(time - at) <= span


@EACH
def test_names_come_through_as_they_are(name: str, read: Read) -> None:
    _, found = read(name, [(odd, at) for odd, (_, at) in zip(ODD, plays(len(ODD)), strict=True)])
    assert found["title"].to_list() == list(ODD)


@EACH
def test_a_row_without_a_title_is_counted_with_a_reason(name: str, read: Read) -> None:
    reading, found = read(name, [*plays(5), ("", plays(6)[-1][1])])
    assert (reading.rows, reading.listens, found.height) == (6, 5, 5)
    assert [one.count for one in reading.left_out.values()] == [1]


@EACH
def test_a_scan_has_the_columns_of_every_scan(name: str, tmp_path: Path) -> None:
    form, sample = recognise(WRITERS[name](tmp_path / name, plays(4)))
    (tmp_path / "work").mkdir()
    found = form.scan(sample, "anna", tmp_path / "work").collect()
    assert found.select(list(READ_SCHEMA)).schema == READ_SCHEMA
    assert {LINE, LEFT_OUT, NOTE, EXAMPLE} <= set(found.columns)
    assert found[LINE].is_sorted()
    assert found["source"].null_count() == 0


@EACH
def test_the_same_file_gives_the_same_bytes(name: str, read: Read, tmp_path: Path) -> None:
    first, _ = read(name, plays(9))
    kept = (tmp_path / "out.parquet").read_bytes()
    again, _ = read(name, plays(9))
    assert (again, (tmp_path / "out.parquet").read_bytes()) == (first, kept)
