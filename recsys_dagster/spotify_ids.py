"""Ids of Spotify's tracks, wherever they stand: in URIs, in addresses, alone."""

import re
from typing import Any

ID = r"[0-9A-Za-z]{22}"
PATTERN = (
    r"^\s*(?:spotify:track:|(?:https?://)?open\.spotify\.com/(?:intl-[A-Za-z-]+/)?track/)?"
    rf"({ID})(?:[?#/].*)?\s*$"
)
"""A text that is an id, with the id as its group; for Polars too."""
_ID, _PATTERN = re.compile(ID), re.compile(PATTERN, re.DOTALL)


def is_spotify_id(value: Any) -> bool:
    """Whether something can be the id of a track, and nothing but it."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def spotify_id_of(value: Any) -> str | None:
    """The id of a track, from its URI, its address or the id itself."""
    found = _PATTERN.match(value) if isinstance(value, str) else None
    return found[1] if found else None
