import logging
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.sources import Surroundings, make_sources, spotify_session
from recsys_dagster.audio.sources.spotify import TERMS, SpotifySource
from recsys_dagster.errors import RecsysError
from recsys_dagster.progress import SILENT, Task, watched_by
from recsys_dagster.settings import load_settings
from recsys_dagster.web.patience import Patience
from recsys_dagster_tests.audio.asking_spotify import (
    DAY,
    HOUR,
    TROUBLE,
    Clock,
    Make,
    by_id,
    settings_of,
    statuses,
)
from recsys_dagster_tests.audio.fake_spotify import (
    CLIENT_ID,
    SECRET,
    FakeSpotify,
    quota,
    slow_down,
)
from recsys_dagster_tests.serving import Fault

pytestmark = pytest.mark.slow

# --- limits


def test_a_short_pause_is_waited_for_in_small_steps(
    make: Make, fake: FakeSpotify, clock: Clock
) -> None:
    told: list[str] = []

    class Watcher:
        def task(self, description: str, total: int) -> AbstractContextManager[Task]:
            told.append(f"{description} {total}")
            return SILENT.task(description, total)

    fake.faults.extend([slow_down("30"), slow_down(None)])
    with watched_by(Watcher()):
        assert statuses(make().look_up(by_id(1))) == ["found"]
    assert 32 <= clock.slept <= 34
    assert "Spotify: too many requests, waiting 30" in told


@pytest.mark.parametrize("body", [None, b"slow down", {"error": "rate limited"}])
def test_a_limit_is_one_in_whatever_shape(
    make: Make, fake: FakeSpotify, clock: Clock, body: Any
) -> None:
    fake.faults.append(replace(slow_down("7"), body=body if body is not None else b""))
    assert statuses(make().look_up(by_id(1))) == ["found"]
    assert 7 <= clock.slept < 9


@pytest.mark.parametrize(
    ("fault", "seconds", "words"),
    [
        (quota(), DAY, "quota"),
        (quota(None), DAY, "quota"),
        (quota("5"), HOUR, "quota"),
        (slow_down("3166"), 3166, "a pause of 53 minutes"),
        (Fault(503, b"", {"Retry-After": "7200"}), 7200, "a pause of 120 minutes"),
        (slow_down("999999999"), 30 * DAY, "a pause of"),
    ],
)
def test_a_long_pause_is_remembered_on_disk(
    make: Make, fake: FakeSpotify, clock: Clock, answers: Answers, fault: Fault, seconds: float,
    words: str,
) -> None:  # fmt: skip
    fake.faults.append(fault)
    source = make()
    found = source.look_up(by_id(1))
    assert statuses(found) == ["blocked"]
    until = clock.now + seconds
    assert found["retry_at"].item() == pytest.approx(until, abs=2)
    assert clock.slept < 2
    assert words in source.remarks[1]
    assert " UTC on." in source.remarks[1]
    blocked = answers.blocked_until("spotify")
    assert blocked is not None
    assert blocked[0] == found["retry_at"].item()
    again = make()
    assert statuses(again.look_up(by_id(1, 2))) == ["blocked", "blocked"]
    assert (len(fake.asked), again.requests) == (1, 0)
    clock.now += seconds
    assert statuses(make().look_up(by_id(1))) == ["found"]


def test_limits_without_end_block_for_an_hour(make: Make, fake: FakeSpotify, clock: Clock) -> None:
    fake.faults.extend([slow_down("10")] * 50)
    found = make().look_up(by_id(1))
    assert statuses(found) == ["blocked"]
    assert found["retry_at"].item() == pytest.approx(clock.now + HOUR, abs=1)
    assert len(fake.asked) == 3
    assert clock.slept < 25


# --- trouble


@pytest.mark.parametrize("fault", TROUBLE, ids=str)
def test_what_passes_by_is_tried_again(make: Make, fake: FakeSpotify, fault: Fault) -> None:
    fake.faults.extend([fault, fault])
    source = make()
    assert statuses(source.look_up(by_id(1))) == ["found"]
    assert source.remarks == [TERMS]


@pytest.mark.parametrize("fault", TROUBLE, ids=str)
def test_what_does_not_pass_by_ends_asking_for_the_run(
    make: Make, fake: FakeSpotify, clock: Clock, fault: Fault
) -> None:
    fake.faults.extend([fault] * 20)
    source = make()
    found = source.look_up(by_id(1))
    assert statuses(found) == ["error"]
    assert found["retry_at"].item() == pytest.approx(clock.now + HOUR, abs=1)
    assert statuses(source.look_up(by_id(1, 2))) == ["error", "error"]
    assert len(fake.asked) == 3
    assert clock.slept < 20
    assert "does not answer as it should" in source.remarks[1]
    fake.faults.clear()
    assert statuses(make().look_up(by_id(1, 2))) == ["found", "found"]


@pytest.mark.parametrize("fault", [Fault(503, b"upstream"), Fault(500, b"{}"), Fault(drop=True)])
def test_a_token_that_comes_late(make: Make, fake: FakeSpotify, fault: Fault) -> None:
    fake.accounts.faults.extend([fault, fault])
    assert statuses(make().look_up(by_id(1))) == ["found"]


@pytest.mark.parametrize(
    "body", [{}, [], {"access_token": "x"}, {"access_token": None, "expires_in": "x"}, b"", b"x"]
)
def test_a_token_that_is_none(make: Make, fake: FakeSpotify, body: Any) -> None:
    fake.accounts.faults.extend([Fault(200, body)] * 20)
    source = make()
    assert statuses(source.look_up(by_id(1))) == ["error"]
    assert (len(fake.accounts.asked), len(fake.asked)) == (3, 0)


@pytest.mark.parametrize("host", ["SPOTIFY_ACCOUNTS_URL", "SPOTIFY_API_URL"])
def test_nobody_there_costs_no_minute(
    fake: FakeSpotify, answers: Answers, clock: Clock, host: str
) -> None:
    nowhere = settings_of(fake, **{host: "http://127.0.0.1:1"})
    source = SpotifySource(nowhere, lambda: answers, clock)
    assert statuses(source.look_up(by_id(1, 2))) == ["error", "error"]
    patience = spotify_session.PATIENCE
    assert patience.tries * (patience.connecting + patience.whole) + clock.slept < 60
    source.close()


def test_silence_runs_into_a_timeout(fake: FakeSpotify, answers: Answers, clock: Clock) -> None:
    fake.faults.append(Fault(delay=0.6))
    patience = Patience(connecting=0.3, silence=0.3)
    source = SpotifySource(settings_of(fake), lambda: answers, clock, patience)
    assert statuses(source.look_up(by_id(1))) == ["found"]
    assert source.requests == 3
    source.close()


# --- tokens and credentials


def test_an_expired_token_is_renewed_once(make: Make, fake: FakeSpotify, clock: Clock) -> None:
    source = make()
    source.look_up(by_id(1))
    fake.accounts.good.clear()
    assert statuses(source.look_up(by_id(2))) == ["found"]
    assert len(fake.accounts.asked) == 2
    fake.faults.extend([Fault(401, {"error": {"status": 401, "message": "Invalid"}})] * 20)
    found = source.look_up(by_id(3))
    assert statuses(found) == ["error"]
    assert len(fake.accounts.asked) == 3
    assert found["retry_at"].item() == pytest.approx(clock.now + HOUR, abs=1)
    assert "refuses the tokens" in source.remarks[1]


@pytest.mark.parametrize("secret", ["wrong-secret-1", "wröng-secret-☃"])
def test_wrong_credentials_are_told_once_and_never_shown(
    fake: FakeSpotify, answers: Answers, clock: Clock, secret: str
) -> None:
    settings = settings_of(fake, SPOTIPY_CLIENT_SECRET=secret)
    source = SpotifySource(settings, lambda: answers, clock)
    assert statuses(source.look_up(by_id(1))) == ["error"]
    assert statuses(source.look_up(by_id(1))) == ["error"]
    assert "developer.spotify.com/dashboard" in source.remarks[1]
    assert secret not in str(source.remarks)
    assert len(fake.accounts.asked) <= 1
    source.close()


@pytest.mark.parametrize("missing", ["SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET"])
def test_missing_credentials_are_told_with_where_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", SECRET)
    around = Surroundings({}, tmp_path, load_settings())
    assert [one.name for one in make_sources(["spotify"], around)] == ["spotify"]
    assert not list(tmp_path.iterdir())
    monkeypatch.delenv(missing)
    with pytest.raises(RecsysError, match=r"SPOTIPY_CLIENT_ID .*developer\.spotify\.com"):
        make_sources(["spotify"], Surroundings({}, tmp_path, load_settings()))


def test_an_address_that_is_none_is_named(fake: FakeSpotify, answers: Answers) -> None:
    with pytest.raises(RecsysError, match="Correct SPOTIFY_API_URL"):
        SpotifySource(settings_of(fake, SPOTIFY_API_URL="nowhere"), lambda: answers)


def test_secrets_are_nowhere(
    make: Make, fake: FakeSpotify, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    said = f"no {SECRET} for you".encode()
    for fault in (Fault(500), Fault(429, said), Fault(drop=True), Fault(403, said)):
        fake.faults.extend([None, fault])
    source = make()
    for number in range(5):
        source.look_up(by_id(number))
    assert "HTTP 403: no … for you" in source.remarks[1]
    captured = capfd.readouterr()
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    everything = caplog.text + captured.out + captured.err + str(source.remarks) + repr(files)
    assert SECRET not in everything
    assert "BQ-token" not in everything
    assert "HTTP Error" not in captured.err  # as spotipy would log it
    assert not (Path.cwd() / ".cache").exists()
