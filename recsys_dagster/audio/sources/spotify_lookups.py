"""What Spotify said and says: from the cache where it is there, else by asking."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from recsys_dagster import progress
from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.audio.sources import candidates
from recsys_dagster.audio.sources.base import BLOCKED, ERROR
from recsys_dagster.audio.sources.candidates import Candidate
from recsys_dagster.audio.sources.spotify_tracks import choose, read_candidate
from recsys_dagster.audio.sources.spotify_trouble import (
    ACCOUNT,
    AUDIO_FEATURES,
    DAY,
    HOUR,
    BadQuestionError,
    StopAskingError,
)
from recsys_dagster.identity import SEPARATOR
from recsys_dagster.web.limits import Clock

if TYPE_CHECKING:
    from recsys_dagster.audio.sources.spotify_client import SpotifyClient

MATCH, SOUND = f"match {candidates.VERSION}", "audio-features"
"""The kinds of answers: the track of a song, by its key; the features of a track, by its id."""
FEATURES_KEPT, MATCHES_KEPT = 7 * DAY, 30 * DAY
"""Spotify wants its content kept fresh and not for good, and names no time. A week is enough to
finish a large history at the pace that it allows. That a song is a certain track, or none, is
kept a month: it says nothing of the sound, and searches are what is scarce."""
_AT_ONCE = 100
_LONGEST_TEXT, _LONGEST_VALUE = 200, 40
_MOST_BAD_QUESTIONS = 30

T = TypeVar("T")
Features = dict[str, dict[str, str | None] | None]
"""Of tracks, by id: the 13 values as texts; None where Spotify has none."""


@dataclass(frozen=True, slots=True)
class Off:
    """Why Spotify is not asked any more, and until when (unix seconds)."""

    status: str
    reason: str
    until: float


class Lookups:
    """Answers of one run, each kept before the next question goes out.

    Parameters
    ----------
    answers
        What has been answered so far.
    connect
        Opens the conversation; called when there is something to ask.
    clock
        Tells the time.

    Attributes
    ----------
    off
        Why nothing is asked any more; None while it is.
    """

    def __init__(
        self, answers: Answers, connect: Callable[[], "SpotifyClient"], clock: Clock = time
    ) -> None:
        self.off: Off | None = None
        self._answers, self._connect, self._clock = answers, connect, clock
        self._client: SpotifyClient | None = None
        self._features_come = False
        self._bad_questions = 0

    @property
    def requests(self) -> int:
        """How many requests went out."""
        return self._client.requests if self._client else 0

    def close(self) -> None:
        """Let go of the file and the connections."""
        self._answers.close()
        if self._client:
            self._client.close()

    def expiry(self, kind: str, keys: Sequence[str]) -> dict[str, float]:
        """Until when answers are good, by key, in unix seconds."""
        return self._answers.expiry(kind, keys)

    def features(self, track_ids: Iterable[str]) -> dict[str, dict[str, Any] | None]:
        """The features of tracks, as far as they are known or Spotify answers."""
        wanted = list(dict.fromkeys(track_ids))
        known = self._answers.known(SOUND, wanted)
        unknown = [one for one in wanted if one not in known]
        parts = deque(
            unknown[start : start + _AT_ONCE] for start in range(0, len(unknown), _AT_ONCE)
        )
        while parts:
            part = parts.popleft()
            try:
                answered = self._ask(partial(_ask_features, part))
            except BadQuestionError:
                half = len(part) // 2
                if half:
                    parts.extendleft([part[half:], part[:half]])
                    continue
                answered = {part[0]: None}
            if answered is None:
                break
            self._answers.keep(SOUND, answered, FEATURES_KEPT)
            self._features_come = True
            known |= answered
        return known

    def match(self, songs: pl.DataFrame) -> dict[int, dict[str, Any] | None]:
        """The track of each song, None where there is none, as far as Spotify answers."""
        known = self._answers.known(MATCH, songs["song_key"].to_list())
        unknown = songs.filter(~pl.col("song_key").is_in(list(known)))
        with progress.current().task("Searching Spotify", unknown.height) as task:
            for key, artist, title in unknown.select("song_key", "artist", "title").iter_rows():
                try:
                    listed = self._ask(partial(_ask_candidates, key))
                except BadQuestionError:
                    continue
                if listed is None:
                    break
                known[key] = _chosen(artist, title, listed)
                self._answers.keep(MATCH, {key: known[key]}, MATCHES_KEPT)
                if known[key] and not self._features_come:
                    self.features([known[key]["id"]])
                task.advance()
        rows = songs.select("song_id", "song_key").iter_rows()
        return {song_id: known[key] for song_id, key in rows if key in known}

    def _ask(self, question: Callable[["SpotifyClient"], T]) -> T | None:
        """The answer, or None where Spotify is not to be asked.

        Raises
        ------
        BadQuestionError
            It does not take this one.
        """
        self.off = self.off or self._remembered()
        if self.off:
            return None
        try:
            self._client = self._client or self._connect()
            return question(self._client)
        except BadQuestionError as trouble:
            self._bad_questions += 1
            if self._bad_questions <= _MOST_BAD_QUESTIONS:
                raise
            reason = f"Spotify does not take its questions any more ({trouble})"
            self.off = Off(ERROR, reason, self._clock.time() + HOUR)
        except StopAskingError as stop:
            until = self._clock.time() + stop.seconds
            if stop.remember:
                self._answers.block(stop.remember, until, stop.reason)
            self.off = Off(stop.status, stop.reason, until)
        return None

    def _remembered(self) -> Off | None:
        for what in (ACCOUNT, AUDIO_FEATURES):
            if blocked := self._answers.blocked_until(what):
                until, reason = blocked
                return Off(BLOCKED, reason, until)
        return None


def _ask_features(
    track_ids: Sequence[str], client: "SpotifyClient"
) -> dict[str, dict[str, str | None] | None]:
    """What is kept of the features of tracks: the 13 values, as texts."""
    return {
        one: {name: _as_text(answer.get(name)) for name in FEATURES} if answer else None
        for one, answer in client.features(track_ids).items()
    }


def _ask_candidates(key: str, client: "SpotifyClient") -> list[Candidate]:
    """Search for a song by its key, in which guests and remaster notes are left out."""
    text = re.sub(r"[\s:\"]+", " ", key.replace(SEPARATOR, " "))  # `track:"…"` would be a filter
    text = text[:_LONGEST_TEXT].strip()
    tracks = client.search(text) if text else []
    return [one for track in tracks if (one := read_candidate(track))]


def _chosen(artist: str, title: str, listed: Sequence[Candidate]) -> dict[str, Any] | None:
    """What is kept of a search: which track the song is, if any."""
    best = choose(artist, title, listed)
    return {"id": best[0].track_id, "score": best[1]} if best else None


def _as_text(value: Any) -> str | None:
    return None if value is None else str(value)[:_LONGEST_VALUE]
