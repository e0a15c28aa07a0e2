"""Every quirk of ListenBrainz, against a server that has them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services import Fetched, ServiceDownError, fetch_history
from recsys_dagster.storage.layout import Layout
from recsys_dagster_tests.listening.services.fake_listenbrainz import (
    TOKEN,
    TOO_MANY,
    FakeListenbrainz,
    LbListen,
)
from recsys_dagster_tests.listening.services.helpers import listenbrainz, published, slept
from recsys_dagster_tests.serving import Fault

pytestmark = pytest.mark.slow

START = 1_600_000_000
ID = "7H7RaiZoTNPwjNLygV4fXQ"
SOME = [LbListen(START + 60 * number, f"m{number}", title=f"Song {number}") for number in range(12)]


@pytest.fixture
def fake() -> Iterator[FakeListenbrainz]:
    with FakeListenbrainz(Rob=list(SOME)) as server:
        server.largest_page = 5
        yield server


def fetch(fake: FakeListenbrainz, data: Path, token: str | None = None) -> Fetched:
    with listenbrainz(fake, token) as client:
        return fetch_history(client, "rob", Layout(data))


def rows(data: Path) -> list[dict[str, Any]]:
    return published(data, "listenbrainz", "rob")


def titles(data: Path) -> list[str]:
    return [one["title"] for one in rows(data)]


def pages(fake: FakeListenbrainz) -> list[dict[str, int]]:
    """What was asked of the listens, as numbers."""
    return [
        {name: int(value) for name, value in asked.params.items()}
        for asked in fake.asked
        if asked.path[-1] == "listens"
    ]


def test_a_count_that_is_cut_down_loses_nothing(fake: FakeListenbrainz, tmp_path: Path) -> None:
    fetched = fetch(fake, tmp_path)
    assert (fetched.new, fetched.total, fetched.notes) == (12, 12, ())
    assert fetched.pages == len(pages(fake))
    assert titles(tmp_path) == [f"Song {number}" for number in range(12)]
    assert rows(tmp_path)[0] == {
        "user": "Rob", "artist": "Röyksopp", "title": "Song 0", "album": "Profound Mysteries II",
        "listened_at": START, "spotify_id": None, "source": "listenbrainz",
    }  # fmt: skip
    assert pages(fake)[0] == {"count": 1000}
    assert all(asked.headers["User-Agent"].startswith("recsys-dagster/") for asked in fake.asked)


def test_only_what_is_new_is_asked_for(fake: FakeListenbrainz, tmp_path: Path) -> None:
    fetch(fake, tmp_path)
    fake.asked.clear()
    fake.listens["Rob"] += [LbListen(START + 9_000, "new", title="New")]
    assert fetch(fake, tmp_path).new == 1
    assert {page["min_ts"] for page in pages(fake)} == {SOME[-1].at - 1}
    assert len(fake.asked) <= 2
    assert titles(tmp_path)[-1] == "New"


def test_with_many_new_listens_the_newest_come_first(
    fake: FakeListenbrainz, tmp_path: Path
) -> None:
    """With a lower bound alone the service gives the oldest above it."""
    fetch(fake, tmp_path)
    fake.listens["Rob"] += [
        LbListen(START + 9_000 + number, f"n{number}", title=f"New {number}")
        for number in range(23)
    ]
    assert fetch(fake, tmp_path).new == 23
    assert titles(tmp_path)[-23:] == [f"New {number}" for number in range(23)]


@pytest.mark.parametrize("together", [2, 4, 5])
def test_equal_times_at_the_edge_of_a_page(tmp_path: Path, together: int) -> None:
    burst = [LbListen(START + 500, f"b{n}", title=f"Burst {n}") for n in range(together)]
    with FakeListenbrainz(rob=[*SOME, *burst]) as fake:
        fake.largest_page = 5
        fetch(fake, tmp_path)
    assert sorted(titles(tmp_path)) == sorted(one.title for one in [*SOME, *burst])


def test_more_of_a_second_than_fits_into_a_page_is_said(tmp_path: Path) -> None:
    burst = [LbListen(START + 500, f"b{n}", title=f"Burst {n}") for n in range(8)]
    with FakeListenbrainz(rob=[*SOME, *burst]) as fake:
        fake.largest_page = 5
        fetched = fetch(fake, tmp_path)
    assert fetched.total == 12 + 5
    assert len(fetched.notes) == 1
    assert "2020-09-13 12:35:00 UTC" in fetched.notes[0]
    assert "missing" in fetched.notes[0]
    assert {one.title for one in SOME} <= set(titles(tmp_path))


def test_a_listen_that_comes_twice_in_a_page_counts_once(tmp_path: Path) -> None:
    twice = [LbListen(START, "m"), LbListen(START, "m"), LbListen(START, "other")]
    with FakeListenbrainz(rob=twice) as fake:
        assert fetch(fake, tmp_path).total == 2


def test_a_user_without_listens(tmp_path: Path) -> None:
    with FakeListenbrainz(rob=[]) as fake:
        assert fetch(fake, tmp_path).total == 0


def test_a_token_is_sent(fake: FakeListenbrainz, tmp_path: Path) -> None:
    fetch(fake, tmp_path, TOKEN)
    assert all(asked.headers["Authorization"] == f"Token {TOKEN}" for asked in fake.asked)


SPOTIFY: dict[str, tuple[Any, Any, str | None]] = {
    "spotify_id": ({"spotify_id": f"https://open.spotify.com/track/{ID}"}, None, ID),
    "a bare id": ({"spotify_id": ID}, None, ID),
    "a URI": ({"spotify_id": f"spotify:track:{ID}"}, None, ID),
    "origin_url": ({"origin_url": f"https://open.spotify.com/intl-de/track/{ID}?si=1"}, None, ID),
    "url_rels": ({}, {"url_rels": [{"url": "https://x.org"}, {"type": "free streaming",
                 "url": f"https://open.spotify.com/track/{ID}"}]}, ID),
    "a mapping that is null": ({}, None, None),
    "a mapping without links": ({}, {"recording_mbid": "30d0"}, None),
    "another kind": ({"origin_url": f"https://open.spotify.com/album/{ID}"}, None, None),
    "too short": ({"spotify_id": f"https://open.spotify.com/track/{ID[:-1]}"}, None, None),
    "too long": ({"spotify_id": f"https://open.spotify.com/track/{ID}0"}, None, None),
    "not text": ({"spotify_id": 7, "origin_url": []}, {"url_rels": [None, 3, {"url": {}}]}, None),
    "no objects": ("free-form", ["free-form"], None),
}  # fmt: skip


@pytest.mark.parametrize(("info", "mapping", "found"), SPOTIFY.values(), ids=SPOTIFY.keys())
def test_the_spotify_id_is_found_where_it_is(
    tmp_path: Path, info: Any, mapping: Any, found: str | None
) -> None:
    with FakeListenbrainz(rob=[LbListen(START, "m", info=info, mapping=mapping)]) as fake:
        fetch(fake, tmp_path)
    assert [one["spotify_id"] for one in rows(tmp_path)] == [found]


def test_odd_fields_do_no_harm(tmp_path: Path) -> None:
    odd = LbListen(START, "m", artist="half \ud83c character", title="a\u2028b\nc", release=None)
    with FakeListenbrainz(rob=[odd]) as fake:
        fetch(fake, tmp_path)
    (row,) = rows(tmp_path)
    assert (row["artist"], row["title"], row["album"]) == ("half ? character", "a\u2028b\nc", None)


def test_429_in_plain_text_is_waited_for(fake: FakeListenbrainz, tmp_path: Path) -> None:
    fake.faults.append(Fault(429, TOO_MANY, {"X-RateLimit-Reset-In": "7"}))
    with listenbrainz(fake) as client:
        assert fetch_history(client, "rob", Layout(tmp_path)).total == 12
        assert slept(client) == [7]


def test_it_stops_before_the_limit_is_reached(fake: FakeListenbrainz, tmp_path: Path) -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-In": "4"}
    fake.faults.append(Fault(headers=spent))
    with listenbrainz(fake) as client:
        fetch_history(client, "rob", Layout(tmp_path))
        assert slept(client) == [4]


def test_what_plays_by_the_shape_of_errors(fake: FakeListenbrainz, tmp_path: Path) -> None:
    fake.faults.extend([
        Fault(503, {"code": 503, "error": "down"}), Fault(200, b"<html>"), Fault(drop=True),
        Fault(truncate=True), Fault(200, {"payload": {}}),
    ])  # fmt: skip
    assert fetch(fake, tmp_path).total == 12


def test_another_users_page_is_refused(fake: FakeListenbrainz, tmp_path: Path) -> None:
    fake.faults.extend([Fault(body={"payload": {"user_id": "mallory", "listens": []}})] * 6)
    with pytest.raises(ServiceDownError, match="another user"):
        fetch(fake, tmp_path)


@pytest.mark.parametrize(
    "fault", [Fault(404, {"code": 404, "error": "no such page"}), Fault(503), Fault(body=b"x")]
)
def test_a_count_that_does_not_come_stops_nothing(
    fake: FakeListenbrainz, tmp_path: Path, fault: Fault
) -> None:
    fake.faults.extend([None, fault])
    with listenbrainz(fake) as client:
        assert fetch_history(client, "rob", Layout(tmp_path)).total == 12
        assert slept(client) == []


FINAL = {
    "unknown user": (404, "Cannot find user: rob", "does not know the user 'rob'"),
    "wrong token": (401, "Invalid authorization token.", "the token in LISTENBRAINZ_TOKEN"),
    "anything else": (400, f"No {TOKEN}", "HTTP 400: No …"),
}


@pytest.mark.parametrize(("status", "error", "says"), FINAL.values(), ids=FINAL.keys())
def test_what_does_not_pass_is_said_in_one_line(
    fake: FakeListenbrainz, tmp_path: Path, status: int, error: str, says: str
) -> None:
    fake.faults.append(Fault(status, {"code": status, "error": error}))
    with pytest.raises(RecsysError) as caught:
        fetch(fake, tmp_path, TOKEN)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert len(fake.asked) == 1
