"""`recsys fetch` as users have it, against services on this machine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recsys_dagster import cli
from recsys_dagster.web.session import Web
from recsys_dagster_tests.commands import Result, recsys
from recsys_dagster_tests.listening.services.fake_lastfm import KEY, FakeLastfm, Scrobble
from recsys_dagster_tests.listening.services.fake_listenbrainz import (
    TOKEN,
    FakeListenbrainz,
    LbListen,
)
from recsys_dagster_tests.serving import Fault

START = 1_600_000_000
SCROBBLES = [Scrobble(START + number, title=f"Song {number}") for number in range(3)]
Run = Callable[..., Result]


@pytest.fixture
def lastfm(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLastfm]:
    with FakeLastfm(rj=list(SCROBBLES), anna=list(SCROBBLES)) as fake:
        monkeypatch.setenv("LASTFM_API_URL", fake.url)
        monkeypatch.setenv("LASTFM_API_KEY", KEY)
        yield fake


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process, in an empty data folder; waits are skipped."""
    monkeypatch.setattr(Web, "_wait", lambda *_: None)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr("sys.argv", ["recsys", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def test_it_says_what_came_and_what_to_do_next(run: Run, lastfm: FakeLastfm) -> None:
    found = run("fetch", "lastfm", "rj")
    assert (found.code, found.err) == (0, "")
    first, folder, last = found.out.splitlines()
    assert first == "rj (lastfm): 3 new listens, 3 now, 1 page"
    assert folder.endswith("raw/history/lastfm/rj")
    assert last == "Next: recsys run"
    again = run("fetch", "lastfm", "rj")
    assert again.out.splitlines()[1:] == ["Nothing has changed."]
    assert len(lastfm.asked) == 2


@pytest.mark.slow
def test_json_is_alone_on_standard_output(tmp_path: Path, lastfm: FakeLastfm) -> None:
    found = recsys("fetch", "lastfm", "rj", "--json", "--data-dir", tmp_path)
    assert (found.code, found.err) == (0, "")
    assert found.json == {
        "service": "lastfm", "user": "rj", "new": 3, "total": 3, "pages": 1, "notes": [],
        "files": [str(tmp_path / "raw" / "history" / "lastfm" / "rj" / "2020.jsonl")],
    }  # fmt: skip
    assert lastfm.asked


def test_listenbrainz_without_a_token(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    burst = [LbListen(START, f"m{number}") for number in range(30)]
    with FakeListenbrainz(rob=[*burst, LbListen(START + 5, "n")]) as fake:
        fake.largest_page = 25
        monkeypatch.setenv("LISTENBRAINZ_API_URL", f"{fake.url}/")
        found = run("fetch", "listenbrainz", "rob")
    assert found.code == 0
    assert found.out.startswith("rob (listenbrainz): 26 new listens")
    assert "missing" in found.err


def test_without_a_name_all_in_the_settings_are_fetched(
    run: Run, lastfm: FakeLastfm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTFM_USERS", "rj, nobody ,Anna")
    found = run("fetch", "lastfm", "--json")
    assert found.code == 1
    assert [one["user"] for one in found.json["fetched"]] == ["rj", "Anna"]
    assert [one["user"] for one in found.json["failed"]] == ["nobody"]
    assert found.err.count("\n") == 1
    assert "does not know the user 'nobody'" in found.err
    assert lastfm.asked


@pytest.mark.parametrize("arguments", [["fetch", "lastfm"], ["fetch", "listenbrainz"]])
def test_without_any_name_it_is_wrong_usage(run: Run, arguments: list[str]) -> None:
    found = run(*arguments)
    assert found.code == 2
    assert f"{arguments[-1].upper()}_USERS" in found.err


@pytest.mark.parametrize(
    ("arguments", "fault", "says"),
    [
        (["lastfm", "who"], None, "does not know the user 'who'"),
        (["lastfm", ""], None, "name is empty"),
        (["lastfm", ".."], None, "No service has a user"),
        (["lastfm", "x" * 5_000], None, "5,000 characters"),
        (["lastfm", "rj"], Fault(403, {"error": 17, "message": "Login"}), "settings/privacy"),
        (["lastfm", "rj"], Fault(403, {"error": 10, "message": KEY}), "LASTFM_API_KEY"),
        (["lastfm", "rj"], Fault(429, b"", {"Retry-After": "9999"}), "What was fetched is kept"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run, lastfm: FakeLastfm, arguments: list[str], fault: Fault | None, says: str
) -> None:
    lastfm.faults.append(fault)
    found = run("fetch", *arguments)
    assert (found.code, found.out) == (1, "")
    assert found.err.count("\n") == 1
    assert says in found.err
    assert KEY not in found.err
    assert len(found.err) < 400


def test_without_a_key_it_says_where_to_get_one(run: Run) -> None:
    found = run("fetch", "lastfm", "rj")
    assert (found.code, found.err.count("\n")) == (1, 1)
    assert "https://www.last.fm/api/account/create" in found.err


def test_a_wrong_token(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeListenbrainz(rob=[]) as fake:
        monkeypatch.setenv("LISTENBRAINZ_API_URL", fake.url)
        monkeypatch.setenv("LISTENBRAINZ_TOKEN", f"{TOKEN}-wrong")
        found = run("fetch", "listenbrainz", "rob")
    assert (found.code, found.err.count("\n")) == (1, 1)
    assert "LISTENBRAINZ_TOKEN" in found.err
    assert TOKEN not in found.err


def test_ctrl_c_says_what_is_kept(
    run: Run, lastfm: FakeLastfm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    lastfm.largest_page = 1
    monkeypatch.setattr(Web, "_wait", interrupt)
    found = run("fetch", "lastfm", "rj")
    assert (found.code, found.out) == (130, "")
    assert found.err == "Stopped. What was fetched is kept; the same command goes on from there.\n"


def test_help_teaches(run: Run) -> None:
    shown = " ".join(run("fetch", "lastfm", "--help").out.split())
    assert "https://www.last.fm/api/account/create" in shown
    assert "LASTFM_USERS" in shown
    assert "--full" in shown
    both = run("fetch", "--help").out
    assert "lastfm" in both
    assert "listenbrainz" in both
