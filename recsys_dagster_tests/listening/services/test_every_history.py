"""Whatever the history, the pages and the interruptions: every listen, exactly once."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.listening.services import Service, fetch_history
from recsys_dagster.listening.services.base import Bounds, Page
from recsys_dagster.storage.layout import Layout
from recsys_dagster_tests.listening.services.fake_lastfm import FakeLastfm, Scrobble
from recsys_dagster_tests.listening.services.fake_listenbrainz import FakeListenbrainz, LbListen
from recsys_dagster_tests.listening.services.helpers import lastfm, listenbrainz, published
from recsys_dagster_tests.tiers import examples

START = 1_600_000_000
seconds = st.lists(st.integers(0, 8), max_size=14)
interruptions = st.lists(st.integers(0, 4), max_size=3)


class Interrupted:
    """A service whose user presses Ctrl-C after some pages."""

    def __init__(self, service: Any, pages: int) -> None:
        self._service, self._left = service, pages

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def page(self, user: str, bounds: Bounds) -> Page:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        page: Page = self._service.page(user, bounds)
        return page


def fetch(client: Service, data: Path, interrupted: list[int]) -> None:
    for pages in interrupted:
        try:
            fetch_history(Interrupted(client, pages), "rj", Layout(data))
        except KeyboardInterrupt:
            continue
    fetch_history(client, "rj", Layout(data))


def found(data: Path, service: str) -> Counter[tuple[int | None, str]]:
    return Counter((one["listened_at"], one["title"]) for one in published(data, service, "rj"))


@pytest.mark.slow
@settings(max_examples=examples(40))
@given(
    seconds, st.integers(0, 3), seconds, st.integers(1, 4), st.booleans(), interruptions,
    interruptions,
)  # fmt: skip
def test_lastfm(
    first: list[int],
    untimed: int,
    later: list[int],
    page_size: int,
    to_inclusive: bool,
    interrupted: list[int],
    again: list[int],
) -> None:
    old = [Scrobble(START + at, title=f"T{number % 3}") for number, at in enumerate(first)]
    old += [Scrobble(number // 2) for number in range(untimed)]
    newest = max(first, default=0)
    new = [Scrobble(START + newest + at, title="New") for at in later]
    with TemporaryDirectory() as name, FakeLastfm(rj=old) as fake, lastfm(fake) as client:
        fake.largest_page, fake.to_inclusive = page_size, to_inclusive
        data = Path(name)
        fetch(client, data, interrupted)
        assert found(data, "lastfm") == expected(old)
        fake.scrobbles["rj"] = old + new
        fetch(client, data, again)
        assert found(data, "lastfm") == expected(old + new)


def expected(scrobbles: list[Scrobble]) -> Counter[tuple[int | None, str]]:
    return Counter((one.uts if one.uts >= START else None, one.title) for one in scrobbles)


@pytest.mark.slow
@settings(max_examples=examples(40))
@given(seconds, seconds, st.integers(0, 3), interruptions, interruptions)
def test_listenbrainz(
    first: list[int], later: list[int], slack: int, interrupted: list[int], again: list[int]
) -> None:
    newest = max(first, default=0)
    times = [*first, *(newest + at for at in later)]
    listens = [LbListen(START + at, f"m{n}", title=f"T{n % 3}") for n, at in enumerate(times)]
    with (
        TemporaryDirectory() as name,
        FakeListenbrainz(rj=listens[: len(first)]) as fake,
        listenbrainz(fake) as client,
    ):
        # A second never holds more listens than a page: then no service could give them all.
        fake.largest_page = max(Counter(times).values(), default=1) + slack
        data = Path(name)
        fetch(client, data, interrupted)
        assert found(data, "listenbrainz") == tally(listens[: len(first)])
        fake.listens["rj"] = listens
        fetch(client, data, again)
        assert found(data, "listenbrainz") == tally(listens)


def tally(listens: list[LbListen]) -> Counter[tuple[int | None, str]]:
    return Counter((one.at, one.title) for one in listens)
