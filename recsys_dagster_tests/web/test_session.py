"""Patience, pauses and discretion, whatever the service."""

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services import Lastfm, Listenbrainz, ServiceDownError, fetch_history
from recsys_dagster.listening.services.base import Bounds
from recsys_dagster.storage.layout import Layout
from recsys_dagster.web.limits import LONGEST_PAUSE
from recsys_dagster.web.session import TRIES
from recsys_dagster_tests.listening.services.fake_lastfm import KEY, FakeLastfm, Scrobble
from recsys_dagster_tests.listening.services.fake_listenbrainz import TOKEN
from recsys_dagster_tests.listening.services.helpers import NOW, FakeClock, lastfm, slept
from recsys_dagster_tests.serving import Fault

pytestmark = pytest.mark.slow

EVERYTHING = Bounds(None, None)


@pytest.fixture
def fake() -> Iterator[FakeLastfm]:
    with FakeLastfm(rj=[Scrobble(1_600_000_000)]) as server:
        yield server


def waits(fake: FakeLastfm, data: Path, *faults: Fault) -> list[float]:
    fake.faults.extend(faults)
    with lastfm(fake) as client:
        assert fetch_history(client, "rj", Layout(data)).total == 1
        return slept(client)


def test_tries_are_bounded_and_ever_further_apart(fake: FakeLastfm, tmp_path: Path) -> None:
    fake.faults.extend([Fault(503)] * 50)
    with lastfm(fake) as client:
        with pytest.raises(ServiceDownError, match=r"HTTP 503, 6 times.*kept.*again"):
            fetch_history(client, "rj", Layout(tmp_path))
        assert slept(client) == [1, 2, 4, 8, 16]
    assert len(fake.asked) == TRIES


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("9", 9),
        ("2.5", 2.5),
        (format_datetime(datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=33)), 33),
        (format_datetime(datetime.fromtimestamp(NOW, UTC) - timedelta(days=1)), None),
        ("soon", 1),
        ("nan", 1),
        ("inf", 1),
        ("-5", 1),
    ],
)
def test_retry_after_in_all_its_shapes(
    fake: FakeLastfm, tmp_path: Path, value: str, seconds: float | None
) -> None:
    waited = waits(fake, tmp_path, Fault(429, b"slow down", {"Retry-After": value}))
    assert waited == pytest.approx([] if seconds is None else [seconds], abs=1)


def test_a_pause_of_hours_is_not_waited_for(fake: FakeLastfm, tmp_path: Path) -> None:
    fake.faults.append(Fault(429, b"", {"Retry-After": "86400"}))
    with lastfm(fake) as client:
        with pytest.raises(ServiceDownError, match=r"a pause of 1,440 minutes.*kept"):
            fetch_history(client, "rj", Layout(tmp_path))
        assert slept(client) == []


def test_limits_that_are_spent_for_hours_are_not_waited_for_so_long(
    fake: FakeLastfm, tmp_path: Path
) -> None:
    fake.largest_page = 1
    fake.scrobbles["rj"] *= 2
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-In": "999999"}
    fake.faults.append(Fault(headers=spent))
    with lastfm(fake) as client:
        fetch_history(client, "rj", Layout(tmp_path))
        assert slept(client) == [LONGEST_PAUSE]


def test_waiting_is_told(fake: FakeLastfm) -> None:
    fake.faults.append(Fault(500, {"error": 8, "message": f"Failed for {KEY}"}))
    with lastfm(fake) as client:
        told: list[str] = []
        client.web.on_wait = told.append
        client.page("rj", EVERYTHING)
    assert told == ["waiting 1 s: Failed for … (error 8)", ""]


def test_nobody_there_is_said_without_the_key() -> None:
    with FakeLastfm() as gone:
        url = gone.url
    client = Lastfm(KEY, url, FakeClock())
    with pytest.raises(ServiceDownError, match="no connection") as caught:
        client.page("rj", EVERYTHING)
    client.close()
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_proxies_of_the_environment_are_heeded(
    fake: FakeLastfm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", fake.url)
    monkeypatch.setenv("http_proxy", fake.url)
    monkeypatch.setenv("no_proxy", "direct.invalid")
    proxied, direct = (
        Lastfm(KEY, f"http://{host}.invalid/2.0/", FakeClock()) for host in ("proxied", "direct")
    )
    for _ in range(2):
        assert proxied.page("rj", EVERYTHING)
    with pytest.raises(ServiceDownError, match="no connection"):
        direct.page("rj", EVERYTHING)
    assert len(fake.asked) == 2
    proxied.close()
    direct.close()


def test_the_key_is_not_in_logs(
    fake: FakeLastfm, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    waits(fake, tmp_path, Fault(503), Fault(drop=True), Fault(truncate=True))
    assert "api_key=…" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "url", ["", "not an address", "ftp://127.0.0.1/", "http://", "http://[::1"]
)
def test_an_address_that_is_none(url: str) -> None:
    client = Lastfm(KEY, url, FakeClock())
    with pytest.raises(RecsysError, match="LASTFM_API_URL") as caught:
        client.page("rj", EVERYTHING)
    client.close()
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("token", [f"{TOKEN}\nX: y", f"{TOKEN}☃"])
def test_a_token_that_cannot_be_sent(fake: FakeLastfm, token: str) -> None:
    client = Listenbrainz(token, fake.url, FakeClock())
    with pytest.raises(RecsysError, match="token") as caught:
        client.page("rob", EVERYTHING)
    client.close()
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
