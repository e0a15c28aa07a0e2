"""ListenBrainz: `/1/user/NAME/listens`, and what it answers besides."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.formats.listenbrainz import object_of, spotify_id_in
from recsys_dagster.listening.services.base import Bounds, Heard, Listen, Page, text, time_or_none
from recsys_dagster.web.answers import Answer, TryAgain
from recsys_dagster.web.limits import Clock
from recsys_dagster.web.session import Web

_INTERVAL = 0.35
"""Seconds between requests: 30 in 10 seconds are allowed."""
_DAY = 86_400


class Listenbrainz:
    """The client of ListenBrainz; see https://listenbrainz.readthedocs.io.

    Parameters
    ----------
    token
        Raises the limits; reading needs none.
    url
        Where the service is.
    clock
        The time.
    """

    name = "listenbrainz"
    title = "ListenBrainz"
    numbered = False
    page_size = 1000

    def __init__(self, token: str | None, url: str, clock: Clock = time) -> None:
        secrets = (token,) if token else ()
        self.web = Web(self.title, "LISTENBRAINZ_API_URL", _INTERVAL, secrets, clock)
        if token:
            self.web.sign(headers={"Authorization": f"Token {token}"})
        self._url = url.rstrip("/")

    def page(self, user: str, bounds: Bounds) -> Page:
        """The newest listens within bounds; see `Service.page`."""
        params: dict[str, str | int] = {"count": self.page_size}
        if bounds.before is not None:
            params["max_ts"] = bounds.before
        if bounds.since is not None:
            params["min_ts"] = bounds.since - 1
            # With a lower bound alone the service gives the oldest above it, not the newest.
            now = int(self.web.clock.time())
            params.setdefault("max_ts", max(now, bounds.since) + _DAY)
        return self.web.get(
            self._address(user, "listens"),
            params,
            lambda answer: self._page(self._payload(answer, user), user),
        )

    def count(self, user: str) -> int | None:
        """How many listens a user has; None where the service does not say it at once."""

        def read(answer: Answer) -> int | None:
            return _whole(self._payload(answer, user).get("count"))

        try:
            return self.web.get(self._address(user, "listen-count"), {}, read, tries=1)
        except RecsysError:
            return None  # it is for the progress bar only

    def close(self) -> None:
        """Let go of the connections."""
        self.web.close()

    def _address(self, user: str, what: str) -> str:
        return f"{self._url}/1/user/{quote(user, safe='')}/{what}"

    def _payload(self, answer: Answer, user: str) -> dict[str, Any]:
        answer.refuse_trouble()
        document = answer.document if isinstance(answer.document, dict) else {}
        said = self.web.quote(document.get("error", ""))
        if answer.status == 404 and said:
            raise RecsysError(
                f"ListenBrainz does not know the user {user!r}. Check the spelling; it is the "
                "name in https://listenbrainz.org/user/NAME."
            )
        if answer.status == 401:
            raise RecsysError(
                "ListenBrainz does not know the token in LISTENBRAINZ_TOKEN. Copy it again from "
                "https://listenbrainz.org/settings, or leave it out: reading needs none."
            )
        if answer.status != 200:
            why = said or "and does not say why. Is LISTENBRAINZ_API_URL right?"
            raise RecsysError(f"ListenBrainz answers HTTP {answer.status}: {why}")
        payload = document.get("payload")
        if not isinstance(payload, dict):
            raise TryAgain("an answer without listens")
        return payload

    def _page(self, payload: dict[str, Any], user: str) -> Page:
        rows = payload.get("listens")
        if not isinstance(rows, list):
            raise TryAgain("an answer without listens")
        spelled = text(payload.get("user_id")) or user
        if spelled.lower() != user.lower():
            raise TryAgain(f"the listens of another user ({self.web.quote(spelled)})")
        return Page(
            heard=tuple(_heard(rows, spelled)),
            last=not rows,
            oldest=_whole(payload.get("oldest_listen_ts")),
        )


def _heard(rows: list[Any], user: str) -> Iterator[Heard]:
    """The listens of a page; a listen is known by its time and its `recording_msid`."""
    seen = set()
    for row in rows:
        at = _whole(row.get("listened_at")) if isinstance(row, dict) else None
        if at is None:
            raise TryAgain("a listen without a readable time")
        known_as = (at, row.get("recording_msid"))
        if known_as[1] is None or known_as not in seen:
            seen.add(known_as)
            yield Heard(at, _listen(row, at, user))


def _listen(row: dict[str, Any], at: int, user: str) -> Listen:
    about = object_of(row.get("track_metadata"))
    return Listen(
        user=user,
        artist=text(about.get("artist_name")),
        title=text(about.get("track_name")),
        album=text(about.get("release_name")) or None,
        listened_at=time_or_none(at),
        spotify_id=spotify_id_in(about),
        source=Listenbrainz.name,
    )


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value == value // 1 else None
