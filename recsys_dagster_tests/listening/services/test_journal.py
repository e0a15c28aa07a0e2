"""A journal survives whatever a dying process leaves of its last line."""

import os
from pathlib import Path

import pytest

from recsys_dagster.listening.services.base import Bounds, Listen
from recsys_dagster.listening.services.journal import Journal
from recsys_dagster.listening.services.walking import Step

SINCE = 500


def listen(at: int) -> Listen:
    return Listen("rj", "Björk", "Jóga\u2028", None, at, None, "lastfm")


STEPS = [
    Step((listen(900), listen(800)), Bounds(701, SINCE)),
    Step((), Bounds(701, SINCE, 2), "something is missing"),
    Step((listen(600),), None),
]


def written(path: Path, steps: list[Step]) -> Journal:
    journal = Journal(path)
    journal.begin(SINCE)
    for step in steps:
        journal.append(step)
    return journal


def test_nothing_is_written_before_the_first_page(tmp_path: Path) -> None:
    journal = written(tmp_path / "journal", [])
    assert not journal.under_way
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_it_is_taken_up_where_it_was(tmp_path: Path, pages: int) -> None:
    left = written(tmp_path / "deep" / "journal", STEPS[:pages])
    found = Journal(tmp_path / "deep" / "journal")
    assert (found.under_way, found.since) == (True, SINCE)
    assert found.next == left.next == STEPS[pages - 1].next
    assert found.kept == left.kept
    assert found.notes == left.notes == (["something is missing"] if pages > 1 else [])
    assert list(found.listens()) == [one for step in STEPS[:pages] for one in step.listens]


def test_a_torn_last_line_costs_that_page_only(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path, STEPS[:1])
    first = path.read_bytes()
    Journal(path).append(STEPS[1])
    whole = path.read_bytes()
    for length in range(len(first), len(whole)):
        path.write_bytes(whole[:length])
        found = Journal(path)
        assert found.next == STEPS[0].next
        assert path.read_bytes() == first
        found.append(STEPS[1])
        assert path.read_bytes() == whole


def test_torn_before_the_first_page_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path, STEPS[:1])
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert not Journal(path).under_way
        assert not path.exists()


@pytest.mark.parametrize("content", [b"\0" * 100, b"\0\n\0\n", b'{"version": 99}\n{}\n', b"[]\n"])
def test_what_is_no_journal_is_dropped(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal").write_bytes(content)
    assert not Journal(tmp_path / "journal").under_way


def test_a_page_is_on_disk_when_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, forced = tmp_path / "journal", list[int]()
    monkeypatch.setattr("os.fsync", lambda handle: forced.append(os.fstat(handle).st_size))
    journal = Journal(path)
    for step in STEPS:
        journal.append(step)
        assert path.stat().st_size in forced


def test_it_goes_away(tmp_path: Path) -> None:
    journal = written(tmp_path / "journal", STEPS)
    journal.remove()
    assert (journal.under_way, journal.kept, journal.notes) == (False, 0, [])
    assert not (tmp_path / "journal").exists()
