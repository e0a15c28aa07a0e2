"""Last.fm: `user.getRecentTracks`, and what it answers besides."""

import time
from typing import Any

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services.base import Bounds, Heard, Listen, Page, text, time_or_none
from recsys_dagster.web.answers import Answer, TryAgain
from recsys_dagster.web.limits import Clock
from recsys_dagster.web.session import Web

_INTERVAL = 0.5
"""Seconds between requests: the service suspends those who ask several times a second."""
_PASSES_BY = frozenset({8, 11, 16, 29})
"""Failed in the back end, offline, unavailable for now, too many requests."""


class Lastfm:
    """The client of Last.fm; see https://www.last.fm/api/show/user.getRecentTracks.

    Parameters
    ----------
    api_key
        Free for everybody; no listener has to log in.
    url
        Where the service is.
    clock
        The time.
    """

    name = "lastfm"
    title = "Last.fm"
    numbered = True
    page_size = 200

    def __init__(self, api_key: str, url: str, clock: Clock = time) -> None:
        self.web = Web(self.title, "LASTFM_API_URL", _INTERVAL, (api_key,), clock)
        self.web.sign(params={"api_key": api_key})
        self._url = url

    def page(self, user: str, bounds: Bounds) -> Page:
        """The newest listens within bounds; see `Service.page`."""
        params: dict[str, str | int] = {
            "method": "user.getRecentTracks", "user": user, "format": "json",
            "limit": self.page_size, "page": bounds.page,
        }  # fmt: skip
        if bounds.before is not None:
            params["to"] = bounds.before
        if bounds.since is not None:
            # One second more than is wanted: whether `from` is inclusive is nowhere promised.
            params["from"] = max(bounds.since - 1, 1)
        return self.web.get(self._url, params, lambda answer: self._read(answer, user))

    def count(self, user: str) -> int | None:  # noqa: ARG002
        """Nothing: each page has the total in it."""
        return None

    def close(self) -> None:
        """Let go of the connections."""
        self.web.close()

    def _read(self, answer: Answer, user: str) -> Page:
        # The HTTP status means nothing: errors come with 200, and with others than they should.
        if isinstance(answer.document, dict) and "error" in answer.document:
            self._refuse(answer.document, user)
        answer.refuse_trouble()
        if answer.status != 200:
            raise RecsysError(
                f"Last.fm answers HTTP {answer.status} and does not say why. "
                "Is LASTFM_API_URL right?"
            )
        recent = answer.document.get("recenttracks")
        if not isinstance(recent, dict):
            raise TryAgain("an answer without listens")
        facts = recent.get("@attr")
        facts = facts if isinstance(facts, dict) else {}
        spelled = text(facts.get("user")) or user
        if spelled.lower() != user.lower():
            raise TryAgain(f"the listens of another user ({self.web.quote(spelled)})")
        pages, page = _number(facts.get("totalPages")), _number(facts.get("page"))
        return Page(
            heard=_heard(recent.get("track"), spelled),
            last=pages is not None and (page or 1) >= pages,
            total=_number(facts.get("total")),
        )

    def _refuse(self, document: dict[str, Any], user: str) -> None:
        code, said = _number(document["error"]), self.web.quote(document.get("message", ""))
        if code in _PASSES_BY:
            raise TryAgain(f"{said or 'an error'} (error {code})")
        known = {
            6: f"Last.fm does not know the user {user!r}. Check the spelling; it is the name in "
               "https://www.last.fm/user/NAME.",
            10: "Last.fm does not know the key in LASTFM_API_KEY. Copy it again from "
                "https://www.last.fm/api/accounts, or get a free one at "
                "https://www.last.fm/api/account/create.",
            17: f"The user {user!r} of Last.fm hides recent listening. To fetch it, untick "
                '"Hide recent listening information" at https://www.last.fm/settings/privacy, '
                "and run it again.",
            26: "Last.fm has suspended the key in LASTFM_API_KEY. Write to partners@last.fm, or "
                "use another key.",
        }  # fmt: skip
        raise RecsysError(known.get(code or 0, f"Last.fm refuses: {said} (error {code})."))


def no_key() -> RecsysError:
    """What to say where there is no key."""
    return RecsysError(
        "Fetching from Last.fm needs a key. Get a free one at "
        "https://www.last.fm/api/account/create and set LASTFM_API_KEY in the environment "
        "or in .env."
    )


def _heard(tracks: Any, user: str) -> tuple[Heard, ...]:
    """The listens of a page: one alone comes as an object, none as nothing at all."""
    rows = tracks if isinstance(tracks, list) else [tracks] if isinstance(tracks, dict) else []
    heard: list[Heard] = []
    for row in rows:
        one = _one(row, user, heard[-1].at if heard else None) if isinstance(row, dict) else None
        heard += [one] if one else []
    return tuple(heard)


def _one(row: dict[str, Any], user: str, newer: int | None) -> Heard | None:
    """A listen; one whose time cannot be read is kept without, beside the newer one."""
    date, facts = row.get("date"), row.get("@attr")
    now_playing = isinstance(facts, dict) and text(facts.get("nowplaying")).lower() == "true"
    if now_playing or not date:
        return None
    at = _number(date.get("uts")) if isinstance(date, dict) else None
    place = newer if at is None else at
    if place is None:
        raise TryAgain("a listen without a readable time")
    artist, album = row.get("artist"), row.get("album")
    listen = Listen(
        user=user,
        artist=_name(artist),
        title=text(row.get("name")),
        album=_name(album) or None,
        listened_at=None if at is None else time_or_none(at),
        spotify_id=None,
        source=Lastfm.name,
    )
    return Heard(place, listen)


def _name(value: Any) -> str:
    """An artist or album: `#text`, or `name` in the extended shape."""
    if isinstance(value, dict):
        return text(value.get("#text") or value.get("name"))
    return text(value)


def _number(value: Any) -> int | None:
    """A number, which mostly comes as a string."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
