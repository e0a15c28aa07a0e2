"""How long a service wants to be left alone."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Protocol

LONGEST_PAUSE = 300.0
"""Seconds; a service that wants more is asked another day."""


class Clock(Protocol):
    """What the module `time` offers; tests bring their own."""

    def time(self) -> float:
        """Unix seconds."""

    def monotonic(self) -> float:
        """Seconds that never jump."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


class Limits:
    """Spaces requests, and heeds what the answers say about limits.

    Parameters
    ----------
    interval
        The least number of seconds from one request to the next.
    clock
        The time.

    Attributes
    ----------
    asked_pause
        Seconds that the last answer asked for before another try; None where it did not.
    """

    def __init__(self, interval: float, clock: Clock = time) -> None:
        self.asked_pause: float | None = None
        self._interval, self._clock = interval, clock
        self._not_before = 0.0

    def due_in(self) -> float:
        """Seconds until the next request may go out."""
        return max(self._not_before - self._clock.monotonic(), 0)

    def asked(self) -> None:
        """A request went out."""
        self.asked_pause = None
        self._not_before = self._clock.monotonic() + self._interval

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Heed an answer's headers: Retry-After, and X-RateLimit as ListenBrainz sends it."""
        reset = _seconds(headers.get("X-RateLimit-Reset-In"))
        if status != 200:
            self.asked_pause = self._retry_after(headers.get("Retry-After"))
            if self.asked_pause is None and status == 429:
                self.asked_pause = reset
        elif reset is not None and _seconds(headers.get("X-RateLimit-Remaining")) == 0:
            self._not_before = self._clock.monotonic() + min(reset, LONGEST_PAUSE)

    def _retry_after(self, value: str | None) -> float | None:
        """Seconds, or a date."""
        seconds = _seconds(value)
        if value is None or seconds is not None:
            return seconds
        try:
            return max(parsedate_to_datetime(value).timestamp() - self._clock.time(), 0)
        except (ValueError, OverflowError):
            return None


def _seconds(value: str | None) -> float | None:
    """A header with a number of seconds that can be waited, or None."""
    try:
        seconds = float(value) if value is not None else -1.0
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e9 else None
