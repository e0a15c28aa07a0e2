import logging
import traceback
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.playlists.saving import begin, finish, is_on
from recsys_dagster.playlists.spotify import challenge_of, new_verifier
from recsys_dagster.playlists.wishes import LIFETIME, MOST, Wish, Wishes
from recsys_dagster.settings import Settings, load_settings
from recsys_dagster_tests.audio.fake_spotify import track_id
from recsys_dagster_tests.playlists.fake_playlists import FakePlaylists
from recsys_dagster_tests.serving import Fault

pytestmark = pytest.mark.slow

IDS = [track_id(number) for number in range(250)]
PREMIUM = b"Active premium subscription required for the owner of the app"


@pytest.fixture
def spotify() -> Iterator[FakePlaylists]:
    with FakePlaylists() as fake:
        yield fake


@pytest.fixture
def settings(spotify: FakePlaylists, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in spotify.settings().items():
        monkeypatch.setenv(name, value)
    return load_settings()


class Clock:
    now = 100.0

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


def test_a_list_is_saved_in_its_order(spotify: FakePlaylists, settings: Settings) -> None:
    wishes = Wishes()
    address = begin(wishes, settings, " My \n list ", IDS, "firefox", {"songs": "1,2"})
    saved = finish(wishes, settings, spotify.visit(address), "firefox")
    (playlist,) = spotify.playlists.values()
    assert playlist["name"] == "My list"
    assert playlist["public"] is False
    assert playlist["uris"] == [f"spotify:track:{one}" for one in IDS]
    assert (saved.songs, saved.name, saved.back) == (250, "My list", {"songs": "1,2"})
    assert saved.address == "https://open.spotify.com/playlist/playlist0"


def test_what_is_no_id_and_what_stands_twice_is_left_out(
    spotify: FakePlaylists, settings: Settings
) -> None:
    wishes = Wishes()
    given = [IDS[0], "../x", "", IDS[1], IDS[0], "spotify:track:" + IDS[2]]
    saved = finish(wishes, settings, spotify.visit(begin(wishes, settings, "", given)))
    assert (saved.songs, saved.name) == (2, "Recommended songs")
    with pytest.raises(RecsysError, match="nothing to save"):
        begin(wishes, settings, "", ["x"])


def test_without_a_client_id_it_is_off(tmp_path: object) -> None:
    assert tmp_path
    assert not is_on(load_settings())
    with pytest.raises(RecsysError):
        begin(Wishes(), load_settings(), "x", IDS)


def test_a_state_that_was_not_given_out_saves_nothing(
    spotify: FakePlaylists, settings: Settings
) -> None:
    wishes = Wishes()
    brought = spotify.visit(begin(wishes, settings, "x", IDS, "firefox"))
    for forged in ({"state": "guessed"}, {"state": ""}, {}):
        with pytest.raises(RecsysError, match="not begun here"):
            finish(wishes, settings, {**brought, "state": "", **forged}, "firefox")
    with pytest.raises(RecsysError, match="not begun here"):
        finish(wishes, settings, brought, "another browser")
    assert spotify.asked == []
    assert spotify.playlists == {}


def test_coming_back_twice_saves_once(spotify: FakePlaylists, settings: Settings) -> None:
    wishes = Wishes()
    brought = spotify.visit(begin(wishes, settings, "x", IDS))
    finish(wishes, settings, brought)
    with pytest.raises(RecsysError, match="used already"):
        finish(wishes, settings, brought)
    assert len(spotify.playlists) == 1


def test_a_wish_is_kept_for_a_while_and_not_without_end() -> None:
    clock = Clock()
    wishes = Wishes(clock)
    early, late = wishes.keep(Wish("early", (), "v")), wishes.keep(Wish("late", (), "v"))
    clock.now += LIFETIME - 1
    assert wishes.take(early) is not None
    clock.now += 1
    assert wishes.take(late) is None
    first = wishes.keep(Wish("first", (), "v"))
    others = [wishes.keep(Wish("x", (), "v")) for _ in range(MOST)]
    assert wishes.take(first) is None
    assert wishes.take(others[0]) is not None


def test_a_visitor_who_says_no(spotify: FakePlaylists, settings: Settings) -> None:
    wishes, spotify.denies = Wishes(), True
    with pytest.raises(RecsysError, match="you did not allow it"):
        finish(wishes, settings, spotify.visit(begin(wishes, settings, "x", IDS)))


def test_somebody_elses_code_is_of_no_use(spotify: FakePlaylists, settings: Settings) -> None:
    wishes = Wishes()
    theirs = spotify.visit(begin(wishes, settings, "theirs", IDS))
    mine = spotify.visit(begin(wishes, settings, "mine", IDS))
    with pytest.raises(RecsysError, match="too old, or was used"):
        finish(wishes, settings, {**mine, "code": theirs["code"]})
    assert spotify.playlists == {}


TROUBLE = {
    "no user of the app": (Fault(403, b"the user may not be registered"), "may not be registered"),
    "no Premium": (Fault(403, PREMIUM), "Premium"),
    "too often": (Fault(429, {}, {"Retry-After": "9"}), "too often"),
    "a wrong client": (Fault(400, {"error": "invalid_client"}), "invalid_client"),
    "a page": (Fault(502, b"<html>Bad gateway"), "HTTP 502"),
    "no JSON": (Fault(200, b"hello"), "did not|refused|no token"),
    "cut off": (Fault(drop=True), "did not answer as it should"),
    "a redirect": (Fault(307, {}, {"Location": "http://127.0.0.1:9/"}), "HTTP 307"),
    "a list": (Fault(200, [1]), "did not say"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("step", [0, 1])
def test_trouble_is_said_in_words_without_secrets(
    spotify: FakePlaylists, settings: Settings, trouble: str, step: int,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    wishes = Wishes()
    brought = spotify.visit(begin(wishes, settings, "x", IDS))
    fault, words = TROUBLE[trouble]
    spotify.faults.extend([*[None] * step, fault])
    with pytest.raises(RecsysError, match=words) as raised:
        finish(wishes, settings, brought)
    told = "".join(traceback.format_exception(raised.value)) + caplog.text
    assert not [secret for secret in spotify.tokens if secret in told]


def test_a_playlist_that_was_filled_in_part_is_said(
    spotify: FakePlaylists, settings: Settings
) -> None:
    wishes = Wishes()
    brought = spotify.visit(begin(wishes, settings, "x", IDS))
    spotify.faults.extend([None, None, None, Fault(500)])
    with pytest.raises(RecsysError, match="'x' was made, but not all songs"):
        finish(wishes, settings, brought)


def test_no_secret_is_in_an_address_or_shown(spotify: FakePlaylists, settings: Settings) -> None:
    wishes = Wishes()
    address = begin(wishes, settings, "x", IDS)
    finish(wishes, settings, spotify.visit(address))
    sent = [asked.query for asked in spotify.asked]
    assert sent == [""] * len(sent)
    (verifier,) = [one for one in spotify.tokens if not one.startswith(("AQ", "BQ"))]
    assert verifier not in address
    assert verifier not in repr(Wish("x", (), verifier, verifier))


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert 43 <= len(new_verifier()) <= 128


def test_every_sign_in_has_secrets_of_its_own(settings: Settings) -> None:
    wishes = Wishes()
    one, other = (
        dict(parse_qsl(urlsplit(begin(wishes, settings, "x", IDS)).query)) for _ in range(2)
    )
    assert one["state"] != other["state"]
    assert one["code_challenge"] != other["code_challenge"]
