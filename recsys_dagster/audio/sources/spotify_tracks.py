"""The tracks that a search of Spotify lists, and the one that is the song."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from recsys_dagster.audio.sources.candidates import Candidate, Search, score_listed
from recsys_dagster.spotify_ids import is_spotify_id

_LESS_LIKELY = 0.001
_ANOTHER_TIME = re.compile(
    r"\b(?:live (?:at|in|from|on)|unplugged|remix(?:es|ed))\b|\(live\)", re.I
)


def read_candidate(track: Mapping[str, Any]) -> Candidate | None:
    """A track as a search lists it; None for one that lacks what is compared."""
    listed, album = track.get("artists"), track.get("album")
    artists = tuple(
        one["name"]
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict) and isinstance(one.get("name"), str)
    )
    title, named = track.get("name"), album.get("name") if isinstance(album, dict) else None
    if not is_spotify_id(track.get("id")) or not isinstance(title, str) or not title or not artists:
        return None
    return Candidate(track["id"], artists, title, named if isinstance(named, str) else "")


def choose(artist: str, title: str, listed: Sequence[Candidate]) -> tuple[Candidate, float] | None:
    """The candidate that is the song, and how surely.

    Among equals it is the one that Spotify lists first, of an album that does not speak of a
    concert or of remixes where there is one.
    """
    (scored,) = score_listed([Search(artist, title, listed)])
    return max(scored, key=lambda one: one[1] - _doubt(one[0]), default=None)


def _doubt(candidate: Candidate) -> float:
    return _LESS_LIKELY if _ANOTHER_TIME.search(candidate.album) else 0.0
