"""The client of ReccoBeats: audio features of Spotify ids, and tracks by title.

A free service without keys; see https://reccobeats.com/docs. An array has 40 entries at most, ids
that it does not know are left out of the answer, and only `href` tells which id a row is about.
"""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.spotify_ids import spotify_id_of
from recsys_dagster.web.answers import Answer, TryAgain
from recsys_dagster.web.limits import Clock
from recsys_dagster.web.patience import Patience
from recsys_dagster.web.session import ServiceDownError, Web

TITLE = "ReccoBeats"
MOST_IDS = 40
PAGE_SIZE = 50
SHORTEST_TEXT, LONGEST_TEXT = 3, 1000
PATIENCE = Patience(tries=3, connecting=4, silence=8, whole=10, pause=60, jitter=0.5)
"""Three tries and one more take well under a minute, even where nothing ever comes back."""
_FORBIDDEN_PAUSE, _SHORTEST_BLOCK = 86_400.0, 3_600.0
_LONGEST_NAME = 500
_MOST_ARTISTS = 50
_MOST_DIGITS = 40

Features = dict[str, float | str | None]
"""What was said of a track; not checked yet."""


class Track(NamedTuple):
    """A track that a search found."""

    id: str
    title: str
    artists: list[str]


class Page(NamedTuple):
    """A page of a search; `more` where there are others after it."""

    tracks: list[Track]
    more: bool


class RefusedError(Exception):
    """The service does not take this question; others may pass."""


def can_be_searched(text: str) -> bool:
    """Whether the service takes this as a search text; Java counts in UTF-16."""
    return len(text) >= SHORTEST_TEXT and len(text.encode("utf-16-le", "replace")) <= (
        2 * LONGEST_TEXT
    )


class ReccobeatsClient:
    """Asks ReccoBeats; what comes back is checked for its shape and cut to size.

    Parameters
    ----------
    url
        Where the service is.
    interval
        The least number of seconds from one request to the next.
    clock
        The time.
    patience
        How long it is waited for.
    """

    def __init__(
        self, url: str, interval: float, clock: Clock = time, patience: Patience = PATIENCE
    ) -> None:
        self.web = Web(TITLE, "RECCOBEATS_API_URL", interval, (), clock, patience)
        self._url = url.rstrip("/")

    def features(self, ids: Sequence[str], tries: int | None = None) -> dict[str, Features]:
        """The features of at most 40 Spotify ids; those that the service does not know are absent.

        Raises
        ------
        ServiceDownError
            It does not answer, or wants to be left alone for `pause` seconds.
        RefusedError
            It does not take these ids.
        """
        params = {"ids": ",".join(ids)}
        rows = self.web.get(f"{self._url}/v1/audio-features", params, _rows, tries=tries)
        found: dict[str, Features] = {}
        for row in rows:
            if (one := _id_of(row)) in ids:
                found[one] = found.get(one) or _features(row)
        return found

    def search(self, text: str, page: int, tries: int | None = None) -> Page:
        """A page of the tracks with this text in their titles; errors as in `features`."""
        params: dict[str, str | int] = {"searchText": text, "page": page, "size": PAGE_SIZE}

        def read(answer: Answer) -> Page:
            tracks = [track for row in _rows(answer) if (track := _track(row))]
            total = answer.document.get("totalElements")
            more = isinstance(total, int) and total > (page + 1) * PAGE_SIZE
            return Page(tracks, more)

        return self.web.get(f"{self._url}/v1/track/search", params, read, tries=tries)


def _rows(answer: Answer) -> list[dict[str, Any]]:
    if answer.status in (401, 403):
        problem = f"HTTP {answer.status}"
        pause = _FORBIDDEN_PAUSE if answer.pause is None else max(answer.pause, _SHORTEST_BLOCK)
        raise ServiceDownError(f"{TITLE} refuses to be asked ({problem}).", problem, pause)
    answer.refuse_trouble()
    if 400 <= answer.status < 500:
        raise RefusedError(f"HTTP {answer.status}")
    if answer.status != 200:
        raise TryAgain(f"HTTP {answer.status}")
    rows = answer.document.get("content")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TryAgain("an answer without the expected content")
    return rows


def _id_of(row: dict[str, Any]) -> str:
    """The Spotify id, or nothing; `id` is one of the service's own."""
    return spotify_id_of(row.get("href")) or ""


def _features(row: dict[str, Any]) -> Features:
    return {name: value for name in FEATURES if (value := _value(row.get(name))) is not None}


def _value(value: Any) -> float | str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return str(value)[:_MOST_DIGITS]
    return _text(value)[:_MOST_DIGITS] or None


def _track(row: dict[str, Any]) -> Track | None:
    one, title, artists = _id_of(row), _text(row.get("trackTitle")), row.get("artists")
    if not one or not title or not isinstance(artists, list):
        return None
    names = [_text(artist.get("name")) for artist in artists if isinstance(artist, dict)]
    return Track(one, title, [name for name in names if name][:_MOST_ARTISTS])


def _text(value: Any) -> str:
    """Text that can be stored; nothing where it is no text or is too long to be a name."""
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        return ""
    return value.encode("utf-8", "replace").decode().strip()
