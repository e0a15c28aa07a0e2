"""A fetch from end to end: the whole history, what is new, and going on after a stop."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services import Fetched, ServiceDownError, fetch_history
from recsys_dagster.progress import Task
from recsys_dagster.storage.atomic import atomic_path
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.lock import writing
from recsys_dagster_tests.listening.services.fake_lastfm import FakeLastfm, Scrobble
from recsys_dagster_tests.listening.services.helpers import NOW, lastfm, published
from recsys_dagster_tests.serving import Fault

pytestmark = pytest.mark.slow

START = 1_600_000_000
SOME = [Scrobble(START + 60 * number, title=f"Song {number}") for number in range(40)]
PAGES = 10


@pytest.fixture
def fake() -> Iterator[FakeLastfm]:
    with FakeLastfm(rj=list(SOME)) as server:
        server.largest_page = 5
        yield server


def fetch(fake: FakeLastfm, data: Path, *, full: bool = False) -> Fetched:
    with lastfm(fake) as client:
        return fetch_history(client, "rj", Layout(data), full=full)


def titles(data: Path) -> list[str]:
    return [one["title"] for one in published(data, "lastfm", "rj")]


def stop_at(fake: FakeLastfm, data: Path, page: int) -> None:
    """Let the service fail for good at a page."""
    fake.faults.extend([*[None] * (page - 1), *[Fault(503)] * 6])
    with pytest.raises(ServiceDownError):
        fetch(fake, data)
    fake.faults.clear()


def journal(data: Path) -> Path:
    return data / "cache" / "fetch" / "lastfm" / "rj" / "journal.jsonl"


def test_only_what_is_new_is_asked_for(fake: FakeLastfm, tmp_path: Path) -> None:
    assert fetch(fake, tmp_path).pages == PAGES
    fake.asked.clear()
    fake.scrobbles["rj"].append(Scrobble(START + 9_000, title="New"))
    fetched = fetch(fake, tmp_path)
    assert (fetched.new, fetched.total, fetched.pages) == (1, 41, 1)
    assert len(fake.asked) == 1
    assert int(fake.asked[0].params["from"]) >= SOME[-1].uts - 1
    assert titles(tmp_path)[-1] == "New"


def test_nothing_new_changes_nothing(fake: FakeLastfm, tmp_path: Path) -> None:
    fetch(fake, tmp_path)
    (file,) = (tmp_path / "raw").rglob("*.jsonl")
    before = file.stat()
    fetched = fetch(fake, tmp_path)
    assert (fetched.new, fetched.files) == (0, ())
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not journal(tmp_path).exists()


def test_a_listen_of_the_newest_second_that_came_late(fake: FakeLastfm, tmp_path: Path) -> None:
    fetch(fake, tmp_path)
    fake.scrobbles["rj"] += [Scrobble(SOME[-1].uts, title=title) for title in ("Late", "Song 39")]
    assert fetch(fake, tmp_path).new == 2
    assert sorted(titles(tmp_path)[-3:]) == ["Late", "Song 39", "Song 39"]
    assert fetch(fake, tmp_path).new == 0


def test_full_finds_what_was_handed_in_late(fake: FakeLastfm, tmp_path: Path) -> None:
    fetch(fake, tmp_path)
    fake.scrobbles["rj"].append(Scrobble(START + 90, title="From the plane"))
    assert fetch(fake, tmp_path).new == 0
    fetched = fetch(fake, tmp_path, full=True)
    assert (fetched.new, fetched.total) == (1, 41)
    assert titles(tmp_path)[2] == "From the plane"


def test_a_listen_in_the_future_does_not_end_all_fetching(fake: FakeLastfm, tmp_path: Path) -> None:
    fake.scrobbles["rj"].append(Scrobble(int(NOW) + 1_000_000, title="Ahead"))
    fetch(fake, tmp_path)
    fake.scrobbles["rj"].append(Scrobble(START + 9_000, title="New"))
    assert fetch(fake, tmp_path).new == 1
    assert fetch(fake, tmp_path).new == 0


@pytest.mark.parametrize("page", range(1, PAGES + 1))
def test_a_stop_at_any_page_costs_nothing(fake: FakeLastfm, tmp_path: Path, page: int) -> None:
    stop_at(fake, tmp_path, page)
    assert not (tmp_path / "raw").exists()
    fake.asked.clear()
    fetched = fetch(fake, tmp_path)
    assert fetched.new == 40
    assert titles(tmp_path) == [one.title for one in SOME]
    news = 1 if page > 1 else 0
    assert len(fake.asked) == PAGES - (page - 1) + news
    assert not journal(tmp_path).exists()


def test_what_was_begun_is_finished_before_what_is_new(fake: FakeLastfm, tmp_path: Path) -> None:
    stop_at(fake, tmp_path, 4)
    fake.scrobbles["rj"].append(Scrobble(START + 9_000, title="New"))
    assert fetch(fake, tmp_path).new == 41
    assert titles(tmp_path) == [*(one.title for one in SOME), "New"]


def test_a_full_fetch_that_was_stopped_is_not_begun_again(fake: FakeLastfm, tmp_path: Path) -> None:
    stop_at(fake, tmp_path, 4)
    assert fetch(fake, tmp_path, full=True).pages == PAGES - 3 + 1


def test_a_stop_while_new_listens_come_does_not_spare_a_full_fetch(
    fake: FakeLastfm, tmp_path: Path
) -> None:
    fetch(fake, tmp_path)
    fake.scrobbles["rj"] += [Scrobble(START + 9_000 + n, title=f"New {n}") for n in range(12)]
    fake.scrobbles["rj"].append(Scrobble(START + 90, title="From the plane"))
    stop_at(fake, tmp_path, 2)
    assert fetch(fake, tmp_path, full=True).new == 13


@pytest.mark.parametrize("files_written", [0, 1, 2])
def test_a_stop_while_publishing_is_made_good(
    fake: FakeLastfm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_written: int
) -> None:
    years = [Scrobble(START - 40_000_000 * n, title=f"Year {n}") for n in range(3)]
    fake.scrobbles["rj"] += years
    calls = iter(range(9))

    def dies(target: Path) -> Any:
        if next(calls) == files_written:
            raise KeyboardInterrupt
        return atomic_path(target)

    monkeypatch.setattr("recsys_dagster.listening.services.publishing.atomic_path", dies)
    with pytest.raises(KeyboardInterrupt):
        fetch(fake, tmp_path)
    monkeypatch.undo()
    asked = len(fake.asked)
    assert fetch(fake, tmp_path).total == 43
    assert len(fake.asked) == asked + 1
    assert sorted(titles(tmp_path)) == sorted(one.title for one in [*SOME, *years])


def test_the_case_of_a_name_makes_no_second_user(fake: FakeLastfm, tmp_path: Path) -> None:
    fetch(fake, tmp_path)
    with lastfm(fake) as client:
        assert fetch_history(client, " RJ ", Layout(tmp_path)).new == 0
    assert [path.name for path in (tmp_path / "raw" / "history" / "lastfm").iterdir()] == ["rj"]


@pytest.mark.parametrize("name", ["../../x", "a/../../../b", "/etc/passwd"])
def test_no_name_writes_elsewhere(tmp_path: Path, name: str) -> None:
    with FakeLastfm(**{name: SOME[:3]}) as fake, lastfm(fake) as client:
        fetched = fetch_history(client, name, Layout(tmp_path / "data"))
    (file,) = fetched.files
    assert file.resolve().parent.parent == tmp_path / "data" / "raw" / "history" / "lastfm"
    assert json.loads(file.read_text().splitlines()[0])["user"] == name
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_two_fetches_of_one_user_are_one_too_many(fake: FakeLastfm, tmp_path: Path) -> None:
    def second(count: int) -> None:
        if count == 2:
            with pytest.raises(RecsysError, match=r"rj are being fetched from Last\.fm already"):
                fetch(fake, tmp_path)
            tried.append(count)

    tried: list[int] = []
    fake.before_answer = second
    assert fetch(fake, tmp_path).total == 40
    assert tried == [2]
    assert len(fake.asked) == PAGES


def test_the_data_folder_is_locked_for_publishing_only(fake: FakeLastfm, tmp_path: Path) -> None:
    taken: list[str] = []

    @contextmanager
    def lock(layout: Layout) -> Iterator[None]:
        taken.append(f"after {len(fake.asked)}")
        with writing(layout):
            yield

    with lastfm(fake) as client:
        fetch_history(client, "rj", Layout(tmp_path), lock=lock)
    assert taken == [f"after {PAGES}"]


class Watcher:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, int]] = []
        self.steps = 0
        self.notes: list[str] = []

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        self.tasks.append((description, total))
        yield self

    def advance(self, steps: int = 1, note: str = "") -> None:
        self.steps += steps
        self.notes.append(note)


def test_progress_knows_how_much_there_is(fake: FakeLastfm, tmp_path: Path) -> None:
    stop_at(fake, tmp_path, 3)
    watcher = Watcher()
    with lastfm(fake) as client:
        fetch_history(client, "rj", Layout(tmp_path), watcher)
    assert watcher.tasks[0] == ("Fetching rj from Last.fm", 1)
    assert watcher.tasks[1] == ("listens", 32)
    assert "page 3, back to 2020-09-13" in watcher.notes
    assert watcher.notes[-1] == "9 pages, 40 new listens"
