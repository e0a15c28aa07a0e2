"""What the tests of fetching share: a clock that nobody waits for, and the published listens."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recsys_dagster.listening.services import Lastfm, Listenbrainz
from recsys_dagster_tests.listening.services.fake_lastfm import KEY, FakeLastfm
from recsys_dagster_tests.listening.services.fake_listenbrainz import FakeListenbrainz

NOW = 1_800_000_000.0


class FakeClock:
    """A clock that goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def time(self) -> float:
        return NOW + sum(self.slept)

    def monotonic(self) -> float:
        return 100.0 + sum(self.slept)

    def sleep(self, seconds: float, /) -> None:
        assert seconds >= 0
        self.slept.append(seconds)


@contextmanager
def lastfm(fake: FakeLastfm, key: str = KEY) -> Iterator[Lastfm]:
    """A client of a fake."""
    client = Lastfm(key, fake.url, FakeClock())
    try:
        yield client
    finally:
        client.close()


@contextmanager
def listenbrainz(fake: FakeListenbrainz, token: str | None = None) -> Iterator[Listenbrainz]:
    """A client of a fake."""
    client = Listenbrainz(token, fake.url, FakeClock())
    try:
        yield client
    finally:
        client.close()


def slept(client: Lastfm | Listenbrainz) -> list[float]:
    """The waits of a client, without the pacing."""
    clock = client.web.clock
    assert isinstance(clock, FakeClock)
    return [seconds for seconds in clock.slept if seconds >= 1]


def published(data: Path, service: str, user: str) -> list[dict[str, Any]]:
    """All the listens in the files of a user, file by file."""
    files = sorted((data / "raw" / "history" / service / user).glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().split("\n") if line]
