"""What the tests of the Spotify source share: a world, a clock, and songs to ask for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.sources.spotify import SpotifySource
from recsys_dagster.identity import key_of
from recsys_dagster.settings import Settings
from recsys_dagster_tests.audio.fake_spotify import (
    CLIENT_ID,
    SECRET,
    FakeSpotify,
    Track,
    sound,
    track_id,
)
from recsys_dagster_tests.serving import Fault

HOUR, DAY = 3_600, 86_400
Song = tuple[str, str, list[str] | None]
Make = Callable[[], SpotifySource]


class Clock:
    """A clock that goes on only when somebody sleeps, and never for long at a time."""

    def __init__(self) -> None:
        self.now, self.slept = 1_800_000_000.0, 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        assert 0 <= seconds <= 5
        self.now += seconds
        self.slept += seconds


TRACKS = [
    Track(1, ["Radiohead"], "Let Down", features=sound(1)),
    Track(2, ["Radiohead"], "Creep", features=sound(2)),
    Track(3, ["Radiohead"], "Creep - Live", features=sound(3)),
    Track(4, ["Blur"], "Song 2 - 2012 Remaster", features=sound(4)),
    Track(5, ["Pulp"], "Common People"),
]

TROUBLE = [
    Fault(500), Fault(502, b"<html>Bad gateway</html>"), Fault(503, b""), Fault(drop=True),
    Fault(truncate=True), Fault(200, b"<html>Welcome</html>"), Fault(200, b"[]"), Fault(200, b""),
    Fault(200, {"error": "oh"}), Fault(500, {"error": "oh"}), Fault(500, b"[]"), Fault(408),
    Fault(200, {"audio_features": []}), Fault(200, {"audio_features": None}), Fault(200, b"null"),
]  # fmt: skip


@dataclass(frozen=True)
class World:
    """A fake Spotify, what it has answered, and `make` for the source of another run."""

    fake: FakeSpotify
    clock: Clock
    answers: Answers
    make: Make


@contextmanager
def spotify_world(answers_in: Path) -> Iterator[World]:
    """Serve `TRACKS`."""
    clock, fake = Clock(), FakeSpotify(*TRACKS)
    answers = Answers(answers_in, "spotify", clock)
    with fake, fake.accounts, ExitStack() as made:
        made.callback(answers.close)

        def make() -> SpotifySource:
            source = SpotifySource(settings_of(fake), lambda: answers, clock)
            made.callback(source.close)
            return source

        yield World(fake, clock, answers, make)


def settings_of(fake: FakeSpotify, **changes: str) -> Settings:
    given = {
        "SPOTIPY_CLIENT_ID": CLIENT_ID,
        "SPOTIPY_CLIENT_SECRET": SECRET,
        "SPOTIFY_API_URL": f"{fake.url}/v1",
        "SPOTIFY_ACCOUNTS_URL": fake.accounts.url,
    }
    everything: dict[str, Any] = {**given, **changes}
    return Settings(**everything)


def songs(*given: Song) -> pl.DataFrame:
    artists, titles, ids = ([song[place] for song in given] for place in range(3))
    return pl.DataFrame(
        {
            "song_id": range(len(given)),
            "song_key": [key_of(*song[:2]) for song in given],
            "artist": artists,
            "title": titles,
            "spotify_ids": ids,
        },
        schema_overrides={"song_id": pl.Int32, "spotify_ids": pl.List(pl.String)},
    )


def statuses(found: pl.DataFrame) -> list[str]:
    return found.sort("song_id")["status"].to_list()


def by_id(*numbers: int) -> pl.DataFrame:
    return songs(*(("A", f"song {number}", [track_id(number)]) for number in numbers))
