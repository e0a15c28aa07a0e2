"""The `reccobeats` source: features by Spotify id, and by title where there is no such id."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import polars as pl

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.sources.base import BLOCKED
from recsys_dagster.audio.sources.candidates import VERSION as RULES
from recsys_dagster.audio.sources.reccobeats_asking import NAME, Asking, Trouble
from recsys_dagster.audio.sources.reccobeats_client import (
    PATIENCE,
    TITLE,
    Page,
    ReccobeatsClient,
    can_be_searched,
)
from recsys_dagster.audio.sources.reccobeats_outcome import Outcome, table_of
from recsys_dagster.audio.sources.reccobeats_titles import candidates
from recsys_dagster.identity import SEPARATOR
from recsys_dagster.spotify_ids import is_spotify_id
from recsys_dagster.web.limits import Clock
from recsys_dagster.web.patience import Patience

_PAGES = 4
"""Results stop at 200, 50 a page."""
_ASKED = ("song_id", "song_key", "artist", "spotify_ids")
_MATCHES = f"match by rules {RULES}"


@dataclass(frozen=True, slots=True)
class _Song:
    key: str
    artist: str
    ids: list[str]
    outcome: Outcome

    @property
    def title(self) -> str:
        """The title's key, which is searched for: without guests and remaster notes."""
        return self.key.partition(SEPARATOR)[2]


Match = list[tuple[str, float]]
"""The Spotify ids of a song with their scores, the best first."""


class ReccobeatsSource:
    """Looks songs up at ReccoBeats; it knows all features but time_signature and duration_ms.

    Spotify ids from the listens come first. Songs without one that it knows are searched by
    title, and matched by artist. An answer is asked for once: one with features is good for
    180 days, a missing one for 30.

    Parameters
    ----------
    open_answers
        Opens what the service has answered so far; called when it is first needed.
    url
        Where the service is.
    interval
        The least number of seconds from one request to the next.
    clock
        The time.
    patience
        How long the service is waited for.
    """

    name = NAME
    is_service = True

    def __init__(
        self,
        open_answers: Callable[[], Answers],
        url: str,
        interval: float,
        clock: Clock = time,
        patience: Patience = PATIENCE,
    ) -> None:
        self._open_answers, self._clock = open_answers, clock
        self._client = ReccobeatsClient(url, interval, clock, patience)
        self._kept_back = 0

    @cached_property
    def _answers(self) -> Answers:
        return self._open_answers()

    @cached_property
    def _asking(self) -> Asking:
        return Asking(self._client, self._answers, self._clock)

    @property
    def fingerprint(self) -> str:
        """The rules of matching; when to ask again is told by `retry_at`."""
        return RULES

    @property
    def refused_files(self) -> list[str]:
        """None: it reads no files."""
        return []

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self._client.web.requests

    @property
    def remarks(self) -> list[str]:
        """Until when the service is left alone, and for how many songs."""
        trouble = self._asking.trouble if self._kept_back else None
        return [_in_words(trouble, self._kept_back)] if trouble else []

    def close(self) -> None:
        """Let go of the connections and of the file."""
        self._client.web.close()
        if "_answers" in self.__dict__:
            self._answers.close()

    def look_up(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Look songs up by id, then by title; see `FeatureSource.look_up`."""
        listed = [_song(*row) for row in songs.select(*_ASKED).rows()]
        self._take_features((song, [(one, 1.0) for one in song.ids]) for song in listed)
        unknown = [song for song in listed if song.outcome.is_open]
        matches = self._match(unknown)
        self._take_features((song, matches.get(song.key, [])) for song in unknown)
        self._kept_back += sum(song.outcome.trouble is not None for song in listed)
        return table_of([song.outcome for song in listed])

    def _take_features(self, songs: Iterable[tuple[_Song, Match]]) -> None:
        matched = list(songs)
        told = self._asking.features([one for _, match in matched for one, _ in match])
        for song, match in matched:
            song.outcome.take_features(match, told, self._asking.trouble)

    def _match(self, songs: Sequence[_Song]) -> dict[str, Match]:
        """The tracks of songs by title search; those found earlier are not searched again."""
        matches = self._asking.matches(_MATCHES, [song.key for song in songs])
        searched = [
            song for song in songs if song.key not in matches and can_be_searched(song.title)
        ]
        new: dict[str, Match] = {}
        for page in range(_PAGES):
            if not searched:
                break
            pages = self._pages(searched, page)
            new |= _matched(searched, pages)
            searched = [
                song
                for song in searched
                if song.key not in new and song.title in pages and pages[song.title].more
            ]
        self._asking.keep_matches(_MATCHES, new)
        for song in songs:
            song.outcome.is_known |= song.key in new or song.key in matches
        return matches | new

    def _pages(self, songs: Sequence[_Song], page: int) -> dict[str, Page]:
        """A page of results for each title that is answered."""
        told = self._asking.search([(song.title, page) for song in songs])
        for song in songs:
            song.outcome.weigh(told.get((song.title, page)), self._asking.trouble)
        return {title: one.value for (title, _), one in told.items() if not one.refused}


def _song(song_id: int, key: str, artist: str, ids: Iterable[str] | None) -> _Song:
    known = [one for one in ids or () if is_spotify_id(one)]
    return _Song(key, artist, list(dict.fromkeys(known)), Outcome(song_id))


def _matched(songs: Iterable[_Song], pages: dict[str, Page]) -> dict[str, Match]:
    found = [song for song in songs if song.title in pages]
    matches = candidates([(song.artist, song.title, pages[song.title].tracks) for song in found])
    return {song.key: match for song, match in zip(found, matches, strict=True) if match}


def _in_words(trouble: Trouble, songs: int) -> str:
    until = f"{datetime.fromtimestamp(trouble.until, UTC):%Y-%m-%d %H:%M} UTC"
    kept_back = f"{songs:,} song{'s are' if songs != 1 else ' is'} without its answer"
    if trouble.status == BLOCKED:
        return (
            f"{TITLE} wants to be left alone until {until} ({trouble.problem}); {kept_back}. "
            "It is not asked before; the first run after that asks for what is missing."
        )
    return (
        f"{TITLE} did not answer as it should ({trouble.problem}); {kept_back}. "
        f"The first run after {until} asks for what is missing."
    )
