"""What it means when Spotify does not answer the question: try again, or stop asking."""

from typing import Any

import requests

from recsys_dagster.audio.sources.base import BLOCKED, ERROR
from recsys_dagster.web.answers import TryAgain, parse
from recsys_dagster.web.secrecy import shown

TOKEN, SEARCH, AUDIO_FEATURES = "token", "search", "audio-features"
"""The parts of Spotify that are asked."""
ACCOUNT = "spotify"
"""What is blocked when the whole account is, in the file of answers."""
LONGEST_WAIT = 60.0
"""Seconds; who wants a longer pause is asked in another run."""
HOUR, DAY = 3_600.0, 86_400.0
_NO_ACCESS_FOR = 30 * DAY
_LONGEST_BLOCK = 30 * DAY
_COPY = "Copy both again from https://developer.spotify.com/dashboard"
_NO_ACCESS = (
    "Spotify gives this account no audio features (HTTP {}), as none that came after November "
    "2024. If yours has got them since, `recsys purge spotify` lets it be asked at once"
)


class StopAskingError(Exception):
    """Spotify is not asked again in this run.

    Attributes
    ----------
    reason
        In words, without a full stop.
    status
        What songs are left with: blocked, or error.
    seconds
        How long to leave it alone.
    remember
        What to block on disk for that time; None where the next run may ask.
    """

    def __init__(
        self, reason: str, status: str, seconds: float, remember: str | None = None
    ) -> None:
        super().__init__(reason)
        self.reason, self.status, self.seconds, self.remember = reason, status, seconds, remember


class BadQuestionError(Exception):
    """Spotify does not take this question; others it may."""


def judge(
    part: str, answer: requests.Response, pause: float | None, secrets: tuple[str, ...]
) -> Exception:
    """What to raise for an answer that is none.

    spotipy's own exceptions do not do: an error that is a plain text becomes an AttributeError
    without the status, and a page that is no JSON becomes None.

    Parameters
    ----------
    part
        Which part of Spotify was asked.
    answer
        As it came in.
    pause
        Seconds that it asks for.
    secrets
        What must not be quoted.
    """
    status = answer.status_code
    message, reason = _said(answer)
    quoted = f"HTTP {status}: {shown(message, secrets)}" if message else f"HTTP {status}"
    if status == 429 or (status >= 500 and pause is not None and pause > LONGEST_WAIT):
        return _limited(reason, pause)
    if status in {408, 425} or status >= 500:
        return TryAgain(f"HTTP {status}")
    if status < 400:
        return TryAgain("an answer that is not the expected JSON")
    if part == TOKEN and status in {400, 401, 403}:
        reason = f"Spotify does not take SPOTIPY_CLIENT_ID with SPOTIPY_CLIENT_SECRET ({quoted})"
        return StopAskingError(f"{reason}. {_COPY}", ERROR, HOUR)
    if status == 400 and part != TOKEN:
        return BadQuestionError(quoted)
    if status == 401:
        return StopAskingError(f"Spotify refuses the tokens that it gave ({quoted})", ERROR, HOUR)
    if part == AUDIO_FEATURES and _is_closed(answer, message):
        return StopAskingError(_NO_ACCESS.format(status), BLOCKED, _NO_ACCESS_FOR, AUDIO_FEATURES)
    if status == 403:
        return StopAskingError(f"Spotify refuses this account ({quoted})", BLOCKED, DAY)
    return StopAskingError(f"Spotify does not know the question ({part}, {quoted})", ERROR, HOUR)


def odd_credentials() -> StopAskingError:
    """What to raise where the credentials cannot even be sent."""
    reason = f"SPOTIPY_CLIENT_ID or SPOTIPY_CLIENT_SECRET has characters that no key has. {_COPY}"
    return StopAskingError(reason, ERROR, HOUR)


def given_up(problem: str, tries: int, *, limited: bool) -> StopAskingError:
    """What to raise after the last try."""
    if limited:
        reason = f"Spotify has had too many requests, {tries} times in a row"
        return StopAskingError(reason, BLOCKED, HOUR, ACCOUNT)
    reason = f"Spotify does not answer as it should ({problem}, {tries} times in a row)"
    return StopAskingError(reason, ERROR, HOUR)


def _limited(reason: str, pause: float | None) -> Exception:
    if reason == "QUOTA_EXCEEDED":
        what, seconds = "The quota of this Spotify account is used up", max(pause or DAY, HOUR)
    elif pause is not None and pause > LONGEST_WAIT:
        what, seconds = f"Spotify asks for a pause of {pause / 60:,.0f} minutes", pause
    else:
        return TryAgain("too many requests")
    return StopAskingError(what, BLOCKED, min(seconds, _LONGEST_BLOCK), ACCOUNT)


def _is_closed(answer: requests.Response, message: str) -> bool:
    """Whether audio features are closed to the account, rather than the account to us.

    The first comes as JSON that says next to nothing; without Premium it says so.
    """
    terse = parse(answer.content) is not None and message.lower() in {"", "forbidden"}
    return answer.status_code == 403 and terse


def _said(answer: requests.Response) -> tuple[str, str]:
    """Message and reason, from all the shapes in which Spotify writes errors."""
    document: Any = parse(answer.content)
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict):
        return str(error.get("message") or ""), str(error.get("reason") or "")
    if isinstance(error, str):
        return str(document.get("error_description") or error), error
    text = "" if answer.text.lstrip().startswith("<") or document is not None else answer.text
    return text, ""
