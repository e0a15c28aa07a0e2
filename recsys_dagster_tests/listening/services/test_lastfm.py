"""Every quirk of Last.fm, against a server that has them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services import Fetched, ServiceDownError, fetch_history
from recsys_dagster.storage.layout import Layout
from recsys_dagster_tests.listening.services.fake_lastfm import KEY, FakeLastfm, Scrobble
from recsys_dagster_tests.listening.services.helpers import lastfm, published, slept
from recsys_dagster_tests.serving import Fault

pytestmark = pytest.mark.slow

START = 1_600_000_000
SOME = [Scrobble(START + 60 * number, title=f"Song {number}") for number in range(12)]


@pytest.fixture
def fake() -> Iterator[FakeLastfm]:
    with FakeLastfm(RJ=list(SOME)) as server:
        server.largest_page = 5
        yield server


def fetch(fake: FakeLastfm, data: Path, user: str = "rj", *, full: bool = False) -> Fetched:
    with lastfm(fake) as client:
        return fetch_history(client, user, Layout(data), full=full)


def titles(data: Path) -> list[str]:
    return [one["title"] for one in published(data, "lastfm", "rj")]


def test_a_whole_history(fake: FakeLastfm, tmp_path: Path) -> None:
    fetched = fetch(fake, tmp_path)
    assert (fetched.service, fetched.user) == ("lastfm", "rj")
    assert (fetched.new, fetched.total, fetched.notes) == (12, 12, ())
    assert fetched.pages == len(fake.asked)
    assert fetched.files == (tmp_path / "raw" / "history" / "lastfm" / "rj" / "2020.jsonl",)
    assert titles(tmp_path) == [f"Song {number}" for number in range(12)]
    assert published(tmp_path, "lastfm", "rj")[0] == {
        "user": "RJ", "artist": "Tame Impala", "title": "Song 0", "album": "Lonerism",
        "listened_at": START, "spotify_id": None, "source": "lastfm",
    }  # fmt: skip


def test_what_is_asked_for(fake: FakeLastfm, tmp_path: Path) -> None:
    fetch(fake, tmp_path)
    for asked in fake.asked:
        assert asked.headers["User-Agent"].startswith("recsys-dagster/")
        assert (asked.params["limit"], asked.params["format"]) == ("200", "json")
        assert asked.params["page"] == "1"  # numbers shift while somebody listens
    assert "to" not in fake.asked[0].params
    tos = [int(asked.params["to"]) for asked in fake.asked[1:]]
    assert tos == sorted(tos, reverse=True)


def test_requests_are_paced(fake: FakeLastfm, tmp_path: Path) -> None:
    with lastfm(fake) as client:
        started = client.web.clock.monotonic()
        fetch_history(client, "rj", Layout(tmp_path))
        assert client.web.clock.monotonic() - started >= 0.5 * (len(fake.asked) - 1)


def test_now_playing_stands_on_every_page_and_is_no_listen(
    fake: FakeLastfm, tmp_path: Path
) -> None:
    fake.now_playing = True
    assert fetch(fake, tmp_path).total == 12
    assert "Now" not in titles(tmp_path)


@pytest.mark.parametrize(
    "row",
    [
        {"@attr": {"nowplaying": "true"}, "date": {"uts": "1600000000"}},
        {"@attr": {"nowplaying": "true"}},
        {"date": None},
    ],
)
def test_a_row_that_plays_or_has_no_date_is_no_listen(
    fake: FakeLastfm, tmp_path: Path, row: dict[str, object]
) -> None:
    row |= {"artist": {"#text": "X"}, "name": "Now"}
    body = {"recenttracks": {"@attr": {"user": "RJ", "totalPages": "1"}, "track": row}}
    fake.faults.append(Fault(body=body))
    assert fetch(fake, tmp_path).total == 0


def test_a_time_that_is_none_is_asked_again(fake: FakeLastfm, tmp_path: Path) -> None:
    row = {"artist": {"#text": "X"}, "name": "Y", "date": {"uts": "yesterday"}}
    fake.faults.append(Fault(body={"recenttracks": {"track": row}}))
    assert fetch(fake, tmp_path).total == 12


def test_one_listen_comes_as_an_object(tmp_path: Path) -> None:
    with FakeLastfm(rj=SOME[:1]) as fake:
        assert fetch(fake, tmp_path).total == 1


@pytest.mark.parametrize("playing", [False, True])
def test_a_user_without_listens(tmp_path: Path, playing: bool) -> None:
    with FakeLastfm(rj=[]) as fake:
        fake.now_playing = playing
        fetched = fetch(fake, tmp_path)
    assert (fetched.total, fetched.files) == (0, ())
    assert not (tmp_path / "raw").exists()


def test_artists_in_the_extended_shape(fake: FakeLastfm, tmp_path: Path) -> None:
    fake.extended = True
    fetch(fake, tmp_path)
    assert {one["artist"] for one in published(tmp_path, "lastfm", "rj")} == {"Tame Impala"}


def test_an_empty_album_is_none(tmp_path: Path) -> None:
    with FakeLastfm(rj=[Scrobble(START, album="")]) as fake:
        fetch(fake, tmp_path)
    assert published(tmp_path, "lastfm", "rj")[0]["album"] is None


def test_a_clock_that_was_not_set_is_no_time(tmp_path: Path) -> None:
    unset = [Scrobble(0, title=f"Old {number % 4}") for number in range(7)]
    with FakeLastfm(rj=[*SOME, *unset, Scrobble(86_400, title="Old too")]) as fake:
        fake.largest_page = 3
        assert fetch(fake, tmp_path).total == 20
        rows = published(tmp_path, "lastfm", "rj")
        assert [one["listened_at"] for one in rows[12:]] == [None] * 8
        assert (tmp_path / "raw/history/lastfm/rj/no-time.jsonl").read_text().count("\n") == 8
        assert fetch(fake, tmp_path, full=True).new == 0


@pytest.mark.parametrize("together", [5, 6, 11])
def test_equal_times_at_the_edge_of_a_page(tmp_path: Path, together: int) -> None:
    """The second page begins in the middle of a second, or a second fills whole pages."""
    burst = [Scrobble(START + 500, title=f"Burst {number}") for number in range(together)]
    with FakeLastfm(rj=[*SOME, *burst]) as fake:
        fake.largest_page = 5
        fetch(fake, tmp_path)
    found = Counter(titles(tmp_path))
    assert found == Counter(one.title for one in [*SOME, *burst])


@pytest.mark.parametrize("page", [1, 3, 5])
def test_bounds_that_include_what_they_should_not(tmp_path: Path, page: int) -> None:
    burst = [Scrobble(START + 500, title=f"Burst {number}") for number in range(7)]
    with FakeLastfm(rj=[*SOME, *burst]) as fake:
        fake.largest_page, fake.to_inclusive = page, True
        fetch(fake, tmp_path)
    assert Counter(titles(tmp_path)) == Counter(one.title for one in [*SOME, *burst])


def test_listening_while_it_is_fetched_shifts_nothing(fake: FakeLastfm, tmp_path: Path) -> None:
    def listen(count: int) -> None:
        fake.scrobbles["RJ"].append(Scrobble(START + 10_000 + count, title=f"Fresh {count}"))

    fake.before_answer = listen
    fetch(fake, tmp_path)
    old = [one for one in titles(tmp_path) if one.startswith("Song")]
    assert old == [one.title for one in SOME]
    fake.before_answer = lambda _: None
    fetch(fake, tmp_path)
    assert sorted(titles(tmp_path)) == sorted(one.title for one in fake.scrobbles["RJ"])


def test_another_users_page_is_refused(fake: FakeLastfm, tmp_path: Path) -> None:
    track = {"artist": {"#text": "X"}, "name": "Not mine", "date": {"uts": "1500000000"}}
    others = {"recenttracks": {"@attr": {"user": "mallory", "totalPages": "1"}, "track": [track]}}
    fake.faults.extend([None, Fault(body=others)])
    fetch(fake, tmp_path)
    assert titles(tmp_path) == [one.title for one in SOME]
    fake.faults.extend([Fault(body=others)] * 6)
    with pytest.raises(ServiceDownError, match="another user"):
        fetch(fake, tmp_path)


PASSING = {
    "backend": Fault(500, {"error": 8, "message": "Operation failed"}),
    "offline in HTTP 200": Fault(200, {"error": 11, "message": "Service Offline"}),
    "temporary in HTTP 200": Fault(200, {"error": 16, "message": "Try again"}),
    "code as text": Fault(200, {"error": "16", "message": "Try again"}),
    "rate limit": Fault(429, {"error": 29, "message": "Rate Limit Exceeded"}),
    "429 in plain text": Fault(429, b"Too many requests"),
    "bad gateway": Fault(502, b"<html>Bad gateway</html>"),
    "not JSON": Fault(200, b"<html>Welcome to the hotel</html>"),
    "nothing": Fault(200, b""),
    "no listens": Fault(200, {"recenttracks": None}),
    "a list": Fault(200, b"[]"),
    "cut off": Fault(truncate=True),
    "dropped": Fault(drop=True),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_what_passes_is_asked_again(fake: FakeLastfm, tmp_path: Path, fault: Fault) -> None:
    fake.faults.extend([fault, fault, None, fault])
    with lastfm(fake) as client:
        assert fetch_history(client, "rj", Layout(tmp_path)).total == 12
        assert slept(client) == [1, 2, 1]


FINAL = {
    "unknown user": (404, 6, "User not found", "does not know the user 'rj'"),
    "unknown user in HTTP 200": (200, 6, "User not found", "does not know the user 'rj'"),
    "wrong key": (403, 10, "Invalid API key", "key in LASTFM_API_KEY"),
    "hidden": (403, 17, "Login: User required to be logged in", "last.fm/settings/privacy"),
    "suspended": (403, 26, "Suspended", "has suspended the key"),
    "something else": (400, 3, f"Invalid Method {KEY}", "Last.fm refuses: Invalid Method …"),
}


@pytest.mark.parametrize(("status", "code", "message", "says"), FINAL.values(), ids=FINAL.keys())
def test_what_does_not_pass_is_said_in_one_line(
    fake: FakeLastfm, tmp_path: Path, status: int, code: int, message: str, says: str
) -> None:
    fake.faults.append(Fault(status, {"error": code, "message": message}))
    with pytest.raises(RecsysError) as caught:
        fetch(fake, tmp_path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(fake.asked) == 1


def test_a_wrong_address_is_not_an_unknown_user(fake: FakeLastfm, tmp_path: Path) -> None:
    fake.faults.append(Fault(404, b"<html>Not found</html>"))
    with pytest.raises(RecsysError, match=r"HTTP 404.*LASTFM_API_URL"):
        fetch(fake, tmp_path)
