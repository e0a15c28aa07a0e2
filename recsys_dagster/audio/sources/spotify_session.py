"""The session through which spotipy asks: counted, spaced, and never for long."""

import logging
import math
from typing import Any

import requests

from recsys_dagster import progress
from recsys_dagster.audio.sources.spotify_trouble import LONGEST_WAIT
from recsys_dagster.web.bodies import read_body
from recsys_dagster.web.limits import Clock, Limits
from recsys_dagster.web.patience import Patience
from recsys_dagster.web.secrecy import Secrets

PATIENCE = Patience(tries=3, connecting=4, silence=8, whole=12, pause=LONGEST_WAIT, jitter=0.5)
"""So that a dead Spotify costs 50 seconds at most."""
_SILENT = 5.0


class PacedSession(requests.Session):
    """Counts and spaces requests, and keeps the last answer, also where spotipy loses it.

    It has none of the retries that spotipy's own session has: those sleep for hours unseen, and
    lose what Retry-After said.

    Parameters
    ----------
    interval
        The least number of seconds from one request to the next. Spotify counts requests over 30
        seconds, and does not say how many it takes.
    clock
        Tells the time, and waits.
    longest
        Seconds within which the whole of an answer has to be there.
    secrets
        What is taken out of the answers.
    """

    def __init__(
        self, interval: float, clock: Clock, longest: float, secrets: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self._unsaid = Secrets(secrets)
        self.sent = 0
        self.answer: requests.Response | None = None
        self.limits = Limits(interval, clock)
        self._clock, self._longest = clock, longest

    @property
    def status(self) -> int | None:
        """Of the last answer."""
        return None if self.answer is None else self.answer.status_code

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request when it is due, and wait for the whole of the answer."""
        wait(self.limits.due_in(), "Spotify: waiting for its limit", self._clock)
        self.answer = None
        self.sent += 1
        self.limits.asked()
        response = super().request(*args, **{**kwargs, "stream": True})
        self.limits.answered(response.status_code, response.headers)
        self.answer = response
        # Timeouts are for each byte: what comes in drips would never end.
        body = read_body(response.raw, self._clock, self._clock.monotonic() + self._longest)
        response._content = self._unsaid.out_of_body(body)
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: nothing is told to an address that the user did not set."""


def wait(seconds: float, why: str, clock: Clock) -> None:
    """Wait; where it is long enough to be noticed, say so."""
    if seconds <= _SILENT:
        clock.sleep(seconds)
        return
    whole = math.ceil(seconds)
    with progress.current().task(why, whole) as task:
        for _ in range(whole):
            clock.sleep(seconds / whole)
            task.advance()


def hush_spotipy() -> None:
    """Keep spotipy from logging: headers with tokens, and errors that are ours to tell."""
    for name in ("spotipy.client", "spotipy.oauth2"):
        logging.getLogger(name).disabled = True
