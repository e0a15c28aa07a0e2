from collections.abc import Iterator

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from recsys_dagster_tests import worlds
from recsys_dagster_tests.audio.fake_spotify import track_id
from recsys_dagster_tests.playlists.fake_playlists import FakePlaylists
from recsys_dagster_tests.streamlit_app.driving import app, page, press, run, words
from recsys_dagster_tests.streamlit_app.fake import FakeShelf
from recsys_dagster_tests.streamlit_app.released import release, world
from streamlit_app.parts import saving
from streamlit_app.parts.serving import Serving
from streamlit_app.parts.words import plain

pytestmark = pytest.mark.slow


class Browser:
    """Stands in for the cookie that tells browsers apart."""

    cookie: str | None = "one"


@pytest.fixture(autouse=True)
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    found = Browser()
    monkeypatch.setattr(saving, "_browser", lambda: found.cookie)
    return found


@pytest.fixture
def spotify(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePlaylists]:
    with FakePlaylists() as fake:
        for name, value in fake.settings().items():
            monkeypatch.setenv(name, value)
        yield fake


def known(share: int = 2) -> Serving:
    """A release in which Spotify knows every other song."""
    made = world()
    ids = [track_id(one) if one % share == 0 else None for one in range(made.shape.songs)]
    songs = made.parts.songs.with_columns(pl.Series("spotify_id", ids, pl.String))
    parts = worlds.assemble(
        songs, made.parts.features.astype(float), made.parts.svd, made.parts.histories,
        items=made.parts.items,
    )  # fmt: skip
    return release(worlds.World(parts, made.users, made.items, made.plays, made.shape))


def link(test: AppTest) -> str:
    links = [str(each.proto.url) for each in test.get("link_button")]
    return next(each for each in links if "/authorize?" in each)


def begun(shelf: FakeShelf, listener: str = "listener 004") -> AppTest:
    shelf.put(known())
    return press(run(page("my_taste", listener=listener)), "save-spotify")


def come_back(brought: dict[str, str]) -> AppTest:
    """A new session at the app's address, with what the sign-in brought."""
    test = app()
    for name, value in brought.items():
        test.query_params[name] = value
    return run(test)


def test_the_way_there_and_back(shelf: FakeShelf, spotify: FakePlaylists) -> None:
    address = link(begun(shelf))
    seen = come_back(spotify.visit(address))
    (playlist,) = spotify.playlists.values()
    assert playlist["name"] == "For listener 004"
    assert len(playlist["uris"]) > 3
    assert f"{len(playlist['uris'])} songs in the playlist" in " ".join(
        str(e.value) for e in seen.success
    )
    assert seen.query_params == {"listener": "listener 004"}  # as it was left, and no code
    assert not press(seen, "saved-close").success


def test_a_list_of_discover_is_saved_too_and_the_visitor_comes_back_to_it(
    shelf: FakeShelf, spotify: FakePlaylists
) -> None:
    shelf.put(known())
    begun_here = press(run(app("0,2")), "save-spotify")
    seen = come_back(spotify.visit(link(begun_here)))
    (playlist,) = spotify.playlists.values()
    assert playlist["name"].startswith("Recommended ")
    assert seen.query_params["songs"] == "0,2"
    assert len(playlist["uris"]) == sum(int(str(one.key)[6:]) % 2 == 0 for one in seen.feedback)
    other = press(begun_here, "drop-2")  # what was begun was of another list
    assert not [one for one in other.get("link_button") if "/authorize?" in str(one.proto.url)]


def test_songs_that_spotify_does_not_know_are_named(
    shelf: FakeShelf, spotify: FakePlaylists
) -> None:
    shelf.put(known(4))
    seen = press(run(page("my_taste", listener="listener 004")), "save-spotify")
    assert "left out\\: Song Number" in words(seen)
    assert spotify.asked == []


def test_where_spotify_knows_none_it_cannot_be_pressed(
    shelf: FakeShelf, spotify: FakePlaylists
) -> None:
    shelf.put(known(99))  # song 0 alone, which this listener has played
    seen = run(page("my_taste", listener="listener 004"))
    assert seen.button(key="save-spotify").disabled
    assert spotify.asked == []


def test_coming_back_with_what_was_not_given_out(shelf: FakeShelf, spotify: FakePlaylists) -> None:
    shelf.put(known())
    for brought in ({"code": "x", "state": "y"}, {"error": "<b>", "state": "y"}):
        seen = come_back(brought)
        assert plain("This sign-in was not begun here") in words(seen)
        assert seen.query_params == {}
    assert spotify.asked == []


def test_another_browser_cannot_finish_it(
    shelf: FakeShelf, spotify: FakePlaylists, browser: Browser
) -> None:
    address = link(begun(shelf))
    browser.cookie = "other"
    assert plain("This sign-in was not begun here") in words(come_back(spotify.visit(address)))
    assert spotify.playlists == {}


def test_a_visitor_who_says_no(shelf: FakeShelf, spotify: FakePlaylists) -> None:
    spotify.denies = True
    seen = come_back(spotify.visit(link(begun(shelf))))
    assert "you did not allow it" in words(seen)
    assert spotify.playlists == {}


def test_without_a_client_id_there_is_no_button(shelf: FakeShelf) -> None:
    shelf.put(known())
    for seen in (run(page("my_taste", listener="listener 004")), run(app("0"))):
        assert "save-spotify" not in [each.key for each in seen.button]


def test_other_parameters_are_left_alone(shelf: FakeShelf, spotify: FakePlaylists) -> None:
    shelf.put(known())
    seen = come_back({"state": "only", "songs": "1"})
    assert seen.query_params["songs"] == "1"
    assert not seen.warning
    assert spotify.asked == []


def test_the_same_browser_is_known_whatever_mask_its_cookie_wears() -> None:
    """Cookies of one browser on two pages, of another one, and what is none."""
    one = saving.unmasked("2|e10592d2|2a4c4a6be620e4ea3f7dbd2f4d41f5a5|1795732693")
    again = saving.unmasked("2|1498b63c|dfd16e8513bdc004cae099c1b8dcd14b|1795732693")
    other = saving.unmasked("2|1498b63c|00d16e8513bdc004cae099c1b8dcd14b|1795732693")
    assert one is not None
    assert one == again != other
    for broken in (None, "", "2|x|y|z", "2||00|1", "2|aa|bb", "1|2"):
        assert saving.unmasked(broken) is None
