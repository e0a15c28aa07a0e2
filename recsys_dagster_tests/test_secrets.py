"""No secret is told: not by any client, whatever a service does, and not by a run or the app."""

import base64
import json
import logging
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import dagster as dg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster import cli
from recsys_dagster.accounts import open_service
from recsys_dagster.alerting import alert
from recsys_dagster.audio.sources import spotify_client, spotify_session
from recsys_dagster.audio.sources.spotify_client import SpotifyClient
from recsys_dagster.audio.sources.spotify_trouble import BadQuestionError, StopAskingError
from recsys_dagster.defs.alerts import in_words
from recsys_dagster.defs.audio import audio_features
from recsys_dagster.defs.fetching import lastfm_history, listenbrainz_history
from recsys_dagster.defs.postgres import refuse_unreachable, server_of
from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services.base import Bounds
from recsys_dagster.playlists.saving import begin, finish
from recsys_dagster.playlists.wishes import Wishes
from recsys_dagster.settings import Settings, load_settings
from recsys_dagster.up.servers import servers
from recsys_dagster.web.secrecy import Secrets
from recsys_dagster.web.session import Web
from recsys_dagster_tests.audio.fake_spotify import CLIENT_ID, FakeSpotify, track_id
from recsys_dagster_tests.listening.services.fake_lastfm import FakeLastfm
from recsys_dagster_tests.listening.services.fake_listenbrainz import FakeListenbrainz
from recsys_dagster_tests.planted import (
    PART_OF_REMOTE,
    PLANTED,
    WEBHOOK_PATH,
    Trap,
    all_of,
    contents,
    faults,
    found,
    said_back,
)
from recsys_dagster_tests.playlists.fake_playlists import FakePlaylists
from recsys_dagster_tests.serving import Asked, FakeService, Fault

SECRETS = (*PLANTED.values(), WEBHOOK_PATH, PART_OF_REMOTE)


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Secrets in all settings that are secret; all is logged; nothing is waited for."""
    caplog.set_level(logging.DEBUG)
    for name, secret in PLANTED.items():
        monkeypatch.setenv(name, secret)
    monkeypatch.setattr(Web, "_wait", lambda *_: None)
    for module in (spotify_client, spotify_session):
        monkeypatch.setattr(module, "wait", lambda *_: None)


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as fake:
        yield fake


@pytest.fixture
def world(demo_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what features are looked up from, in the settings."""
    other = shutil.ignore_patterns("models", "evaluation", "releases", "dagster")
    data = Path(shutil.copytree(demo_world, tmp_path / "world", ignore=other))
    monkeypatch.setenv("RECSYS_DATA_DIR", str(data))
    return data


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, FakeService]]:
    """All services, on this machine."""
    spotify = FakeSpotify()
    with FakeLastfm(rj=[]) as lastfm, FakeListenbrainz(rj=[]) as brainz, spotify, spotify.accounts:
        addresses = {
            "LASTFM_API_URL": lastfm.url, "LISTENBRAINZ_API_URL": brainz.url,
            "SPOTIFY_API_URL": f"{spotify.url}/v1", "SPOTIFY_ACCOUNTS_URL": spotify.accounts.url,
            "SPOTIPY_CLIENT_ID": CLIENT_ID, "SPOTIFY_INTERVAL": "0",
            "LASTFM_USERS": "rj", "LISTENBRAINZ_USERS": "rj",
        }  # fmt: skip
        for name, address in addresses.items():
            monkeypatch.setenv(name, address)
        yield {"lastfm": lastfm, "listenbrainz": brainz, "spotify": spotify,
               "accounts": spotify.accounts}  # fmt: skip


def test_every_secret_setting_is_planted() -> None:
    assert {*PLANTED.values(), PART_OF_REMOTE} == set(load_settings().secrets())
    assert not found(
        f"{load_settings()!r} {load_settings()} {load_settings().model_dump()}", *SECRETS
    )


def ask_history(name: str) -> Callable[[Settings], Any]:
    def ask(settings: Settings) -> Any:
        with closing(open_service(name, settings)) as service:
            return service.page("rj", Bounds(None, None))

    return ask


def ask_spotify(settings: Settings) -> Any:
    with closing(SpotifyClient(settings)) as client:
        return client.search("Radiohead Creep")


ASKING = {
    "lastfm": ask_history("lastfm"), "listenbrainz": ask_history("listenbrainz"),
    "spotify": ask_spotify, "accounts": ask_spotify,
}  # fmt: skip
REFUSALS = (RecsysError, StopAskingError, BadQuestionError)
BEARER = "planted-bearer-9876"
TOKEN = {"access_token": BEARER, "token_type": "Bearer", "expires_in": 3600}


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKING)
def test_no_client_tells_whatever_its_service_does(
    name: str, services: dict[str, FakeService], trap: Trap, caplog: pytest.LogCaptureFixture
) -> None:
    for fault in faults(trap):
        for one in services.values():
            one.faults.clear()
        if name == "spotify":
            services["accounts"].faults.extend([Fault(200, TOKEN)] * 9)
        services[name].faults.extend([fault] * 9)
        caplog.clear()
        try:
            told = repr(ASKING[name](load_settings()))
        except REFUSALS as error:
            told = all_of(error)
        assert not found(told + caplog.text, *SECRETS, BEARER), fault
    assert not trap.asked
    assert len(services[name].asked) >= len(faults(trap))


def test_what_a_service_sends_back_does_not_become_data(
    services: dict[str, FakeService],
) -> None:
    def listens(asked: Asked) -> Any:
        track = {
            "artist": {"#text": said_back(asked)},
            "name": asked.query,
            "date": {"uts": "1600000000"},
        }
        return {"recenttracks": {"@attr": {"user": "rj"}, "track": [track]}}

    services["lastfm"].faults.append(Fault(200, listens))
    (heard,) = ask_history("lastfm")(load_settings()).heard
    assert "api_key=…" in heard.listen.artist
    assert not found(repr(heard), *SECRETS)


@pytest.mark.parametrize("status", [200, 302, 401, 500, None])
def test_an_alert_tells_no_secret(
    status: int | None,
    trap: Trap,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    trap.faults.append(Fault(status, said_back, {"Location": f"{trap.url}/there"}, drop=not status))
    monkeypatch.setenv("RECSYS_ALERT_WEBHOOK", f"{trap.url}/hooks/{WEBHOOK_PATH}?token=planted-too")
    alert(f"It failed: {' '.join(load_settings().secrets())}", load_settings())
    assert "It failed: … … … … …" in caplog.text
    assert [one.path[0] for one in trap.asked] == ["hooks"]
    assert not found(
        caplog.text + trap.asked[0].body, *load_settings().secrets(), WEBHOOK_PATH, "planted-too"
    )


@pytest.mark.parametrize(
    "address",
    ["https://[planted-part]/x", "https://planted-part℀/x", "https://host:x/planted-part", "https://host:99999/planted-part",
     f"https://{'a' * 64}.example/planted-part", "https://a..example/planted-part", "file:///planted-part"],
)  # fmt: skip
def test_a_webhook_that_is_no_address_is_not_repeated(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RECSYS_ALERT_WEBHOOK", address)
    told = ""
    try:
        alert("It failed.", load_settings())
    except RecsysError as error:
        told = all_of(error)
    assert "RECSYS_ALERT_WEBHOOK" in told + caplog.text
    assert not found(told + caplog.text, "planted-part")


@pytest.mark.parametrize("name", ["LASTFM_API_URL", "LISTENBRAINZ_API_URL"])
@pytest.mark.parametrize("host", [f"{'a' * 64}.example", "a..example", "[planted]", "a:x"])
def test_an_address_of_a_service_that_is_none_is_said_in_words(
    name: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://{host}/")
    with pytest.raises(RecsysError, match=name) as refused:
        ask_history(name.partition("_")[0].lower())(load_settings())
    assert not found(all_of(refused.value), *SECRETS)


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 1, 2])
def test_saving_a_playlist_tells_nothing_of_the_visitor(
    step: int, trap: Trap, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with FakePlaylists() as spotify:
        for name, value in spotify.settings().items():
            monkeypatch.setenv(name, value)
        for fault in faults(trap):
            wishes = Wishes()
            brought = spotify.visit(begin(wishes, load_settings(), "x", [track_id(1)]))
            spotify.faults.clear()
            spotify.faults.extend([*[None] * step, fault])
            caplog.clear()
            with suppress(RecsysError):
                finish(wishes, load_settings(), brought)
                continue
            assert not found(caplog.text, *SECRETS, *spotify.tokens), fault
    assert not trap.asked


QUOTED = {
    "lastfm": Fault(200, lambda asked: {"error": 99, "message": said_back(asked)}),
    "listenbrainz": Fault(400, lambda asked: {"error": said_back(asked)}),
    "spotify": Fault(403, lambda asked: {"error": {"message": said_back(asked)}}),
    "accounts": Fault(200, TOKEN),
}
"""Answers that end up in a message, word for word but for the secrets."""


def test_a_run_with_failures_leaves_no_secret_behind(
    world: Path, services: dict[str, FakeService], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Histories and features are asked for by Dagster and by hand; all that they write is read."""
    monkeypatch.setenv("RECSYS_FEATURE_SOURCES", "catalogue,spotify")
    for name, fake in services.items():
        fake.faults.extend([QUOTED[name]] * 99)
    home = world / "dagster"
    home.mkdir()
    with dg.instance_for_test(temp_dir=str(home)) as instance:
        for asset in (lastfm_history, listenbrainz_history, audio_features):
            done = dg.materialize(
                [asset], instance=instance, raise_on_error=False, selection=[asset]
            )
            for event in done.all_events:
                if event.is_step_failure:
                    alert(in_words(event), load_settings())
    for name in ("lastfm", "listenbrainz"):
        monkeypatch.setattr("sys.argv", ["recsys", "fetch", name, "rj"])
        with pytest.raises(SystemExit):
            cli.main()
    assert all(fake.asked for fake in services.values())
    told = "".join(capfd.readouterr()) + caplog.text
    assert not found(told, *SECRETS, BEARER)
    read = {name: found(data, *SECRETS, BEARER) for name, data in contents(world)}
    assert not {name: secrets for name, secrets in read.items() if secrets}
    assert any(name.startswith("dagster/") and name.endswith(".db") for name in read)
    assert "cache/answers/spotify.sqlite" in read


def test_no_server_is_started_with_a_secret(tmp_path: Path) -> None:
    """All users of a machine see the commands of its processes."""
    commands = [server.command for server in servers("127.0.0.1", 3000, 8501, tmp_path)]
    assert len(commands) == 4
    assert not found(f"{commands} {(tmp_path / 'workspace.yaml').read_text()}", *SECRETS)


@pytest.mark.parametrize(
    "url",
    ["postgresql://me@127.0.0.1:9/x", "postgresql://me:planted-pass@h/x", "planted-pass",
     "postgresql://me@h/x?password=planted-pass", "postgresql://[planted-pass]/x"],
)  # fmt: skip
def test_a_database_that_does_not_let_us_in(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
    assert "planted-pass" not in repr(load_settings())
    with pytest.raises(RecsysError, match="DAGSTER_POSTGRES_URL") as refused:
        refuse_unreachable(server_of(load_settings()) or pytest.fail("no server"))
    assert not found(str(refused.value), "planted-pass", *SECRETS)
    assert not found(all_of(refused.value), *SECRETS)


def test_the_search_finds_what_is_hidden(tmp_path: Path) -> None:
    """Each spelling, in each place: else the tests above would show nothing."""
    secret = PLANTED["LASTFM_API_KEY"]
    packed = base64.b64encode(zlib.compress(f"x {secret} y".encode())).decode()
    with closing(sqlite3.connect(tmp_path / "runs.db")) as base:
        base.execute("create table events (body)")
        base.execute("insert into events values (?)", (packed,))
        base.commit()
    pl.DataFrame({"artist": [secret]}).write_parquet(tmp_path / "songs.parquet")
    hidden = {name for name, data in contents(tmp_path) if found(data, secret)}
    assert hidden == {"runs.db", "songs.parquet"}
    for text in (quote(secret), secret.upper(), secret.encode().hex(), json.dumps([secret])):
        assert found(text, secret)
    for start in ("", "a", "ab", "abc"):
        basic = base64.b64encode(f"{start}:{secret}".encode()).decode()
        assert found(f"Basic {basic}", secret)
        assert not found(Secrets([secret]).out_of(f"Basic {basic}"), secret)


@given(st.text(min_size=8), st.text(), st.text())
def test_no_spelling_is_left_in_a_message(secret: str, before: str, after: str) -> None:
    text = f"{before}{secret}{after} {quote_plus(secret.encode('utf-8', 'replace'))}"
    assert secret not in Secrets([secret]).out_of(text)
