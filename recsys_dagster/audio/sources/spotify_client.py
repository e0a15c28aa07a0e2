"""Spotify through spotipy: paced, patient for seconds, and quick to give up."""

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import requests
from spotipy import Spotify
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.exceptions import SpotifyException
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOauthError

from recsys_dagster.audio.sources.spotify_session import (
    PATIENCE,
    PacedSession,
    hush_spotipy,
    wait,
)
from recsys_dagster.audio.sources.spotify_trouble import (
    AUDIO_FEATURES,
    SEARCH,
    TOKEN,
    given_up,
    judge,
    odd_credentials,
)
from recsys_dagster.settings import Settings
from recsys_dagster.web.answers import TryAgain
from recsys_dagster.web.limits import Clock
from recsys_dagster.web.patience import Patience

MOST_CANDIDATES = 10
"""A search for more is refused."""
_LONGEST_BACK_OFF = 10.0
# What spotipy lets through, over and above its own: errors that are a text (AttributeError), and
# answers and tokens of another shape.
_TROUBLE = (
    SpotifyException, SpotifyOauthError, requests.RequestException,
    AttributeError, TypeError, LookupError, ValueError, RecursionError,
)  # fmt: skip

T = TypeVar("T")


class SpotifyClient:
    """One run's conversation with Spotify.

    Parameters
    ----------
    settings
        Addresses and credentials.
    clock
        Tells the time, and waits.
    rng
        For the jitter.
    patience
        How long Spotify is waited for.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock = time,
        rng: int | np.random.Generator | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        secret = settings.spotipy_client_secret
        self._secrets: tuple[str, ...] = (secret.get_secret_value() if secret else "",)
        self._clock, self._rng = clock, np.random.default_rng(rng)
        self._patience, timeouts = patience, (patience.connecting, patience.silence)
        self._session = PacedSession(
            settings.spotify_interval, clock, patience.whole, self._secrets
        )
        self._auth = SpotifyClientCredentials(
            settings.spotipy_client_id,
            self._secrets[0],
            requests_session=self._session,
            requests_timeout=timeouts,
            cache_handler=MemoryCacheHandler(),
        )
        self._auth.OAUTH_TOKEN_URL = f"{settings.spotify_accounts_url.rstrip('/')}/api/token"
        # A session of our own has none of spotipy's retries, which sleep for hours unseen and
        # lose Retry-After.
        self._spotify = Spotify(requests_session=self._session, requests_timeout=timeouts)
        self._spotify.prefix = f"{settings.spotify_api_url.rstrip('/')}/"
        hush_spotipy()

    @property
    def requests(self) -> int:
        """How many requests went out."""
        return self._session.sent

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def search(self, text: str) -> list[dict[str, Any]]:
        """Tracks that Spotify lists for some words, which need not have anything to do with them.

        Raises
        ------
        StopAskingError, BadQuestionError
            There is no answer.
        """
        found = self._ask(
            SEARCH, lambda: self._spotify.search(text, limit=MOST_CANDIDATES, type="track"), _tracks
        )
        return [track for track in found if isinstance(track, dict)]

    def features(self, ids: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """The audio features of up to 100 tracks, None where Spotify has none.

        Raises
        ------
        StopAskingError, BadQuestionError
            There is no answer.
        """
        return self._ask(
            AUDIO_FEATURES, lambda: self._audio_features(ids), lambda answer: _by_id(ids, answer)
        )

    def _audio_features(self, ids: Sequence[str]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return self._spotify.audio_features(ids)

    def _ask(self, part: str, question: Callable[[], Any], read: Callable[[Any], T]) -> T:
        problem = ""
        for tried in range(1, self._patience.tries + 1):
            try:
                return read(self._answer(part, question))
            except TryAgain as trouble:
                problem = str(trouble)
            if tried < self._patience.tries:
                self._back_off(problem, tried)
        raise given_up(problem, self._patience.tries, limited=self._session.status == 429)

    def _answer(self, part: str, question: Callable[[], Any]) -> Any:
        """Ask with a good token; one that has expired is renewed once."""
        self._show_token()
        try:
            return self._try(part, question)
        except _ExpiredError:
            self._auth.cache_handler.save_token_to_cache(None)
        self._show_token()
        return self._try(part, question, last=True)

    def _show_token(self) -> None:
        token = self._try(TOKEN, lambda: self._auth.get_access_token(as_dict=False))
        self._secrets = (self._secrets[0], str(token or ""))
        self._spotify.set_auth(token)

    def _try(self, part: str, question: Callable[[], Any], *, last: bool = False) -> Any:
        self._session.answer = None
        trouble: Exception
        try:
            return question()
        except _TROUBLE as error:
            trouble = self._judge(part, error, last=last)
        # Raised out here it does not carry the original, which may have a token in it.
        raise trouble

    def _judge(self, part: str, error: Exception, *, last: bool) -> Exception:
        answer = self._session.answer
        if part == TOKEN and isinstance(error, UnicodeEncodeError):
            return odd_credentials()
        if answer is None:
            return TryAgain(f"no answer ({type(error).__name__})")
        if answer.status_code == 401 and part != TOKEN and not last:
            return _ExpiredError()
        return judge(part, answer, self._session.limits.asked_pause, self._secrets)

    def _back_off(self, problem: str, tried: int) -> None:
        """Wait 1, 2, … seconds and up to half as much again, or what the answer asked for."""
        backing_off = self._patience.back_off(tried, self._rng)
        asked = self._session.limits.asked_pause or 0.0
        if self._session.status != 429:
            asked = min(asked, _LONGEST_BACK_OFF)
        wait(max(backing_off, asked), f"Spotify: {problem}, waiting", self._clock)


class _ExpiredError(Exception):
    """The token is not good any more."""


def _tracks(answer: Any) -> list[Any]:
    tracks = answer.get("tracks") if isinstance(answer, dict) else None
    items = tracks.get("items") if isinstance(tracks, dict) else None
    if not isinstance(items, list):
        raise TryAgain("an answer that is not the expected JSON")
    return items


def _by_id(ids: Sequence[str], answer: Any) -> dict[str, dict[str, Any] | None]:
    if not isinstance(answer, list) or len(answer) != len(ids):
        raise TryAgain("an answer that is not the expected JSON")
    pairs = zip(ids, answer, strict=True)
    found = {item.get("id", asked): item for asked, item in pairs if isinstance(item, dict)}
    return {asked: found.get(asked) for asked in ids}
