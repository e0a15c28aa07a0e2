"""The fields of a JSON history, each of which may be anything."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_BROKEN = re.compile("[\0\ud800-\udfff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = -365 * 86_400_000_000  # 1969: a clock that was not set, west of Greenwich
_END = 4_102_444_800_000_000  # 2100
_MILLISECONDS_FROM = 100_000_000_000
_LONGEST_PLAY = 86_400_000
_SHORTEST_TIME = len("2024-01-05 14:23")
_EXAMPLE = 40


def text_of(value: Any) -> str | None:
    """A name; one that is a whole number is text too, and what is not Unicode is U+FFFD."""
    if isinstance(value, str):
        return value if value.isprintable() else _BROKEN.sub("\ufffd", value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def number_of(value: Any) -> float | None:
    """A number, also one that is written as text; a whole number stays whole."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def is_true(value: Any) -> bool:
    """Whether a flag is set, also one that is written as a number or as text."""
    return value is True or (not isinstance(value, bool) and str(value).lower() in {"true", "1"})


def is_unknown(artist: Any) -> bool:
    """Whether an artist is Spotify's name for none."""
    return isinstance(artist, str) and artist.strip().lower() == "unknown artist"


def ms_of(value: Any) -> int | None:
    """Milliseconds of a play; none where they are negative, or more than a day."""
    number = number_of(value)
    return int(number) if number is not None and 0 <= number <= _LONGEST_PLAY else None


def time_of_text(value: Any) -> int | None:
    """Microseconds since 1970 of an ISO 8601 date and time, in UTC where it does not say."""
    if not isinstance(value, str) or len(value) < _SHORTEST_TIME:
        return None
    try:
        time = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH
    return _plausible(since // _MICROSECOND)


def time_of_number(value: Any) -> int | None:
    """Microseconds since 1970 of seconds since then, or of milliseconds."""
    number = number_of(value)
    if number is None:
        return None
    return _plausible(number * (1_000 if abs(number) >= _MILLISECONDS_FROM else 1_000_000))


def _plausible(microseconds: float) -> int | None:
    return round(microseconds) if _EARLIEST <= microseconds < _END else None


def example_of(value: Any) -> str | None:
    """The beginning of a value that is shown to its owner; nothing of a list or an object."""
    text = value if isinstance(value, str) else repr(value)
    return text_of(text[:_EXAMPLE]) if isinstance(value, str | int | float) else None
