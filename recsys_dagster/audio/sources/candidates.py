"""Which of the tracks that a search lists is the song, if any is.

A search finds something for every text, so that it found something says nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from rapidfuzz import fuzz

from recsys_dagster.audio.matching import ENOUGH, SLIP, folded_artist, title_score
from recsys_dagster.identity import artist_key, title_key
from recsys_dagster.spotify_ids import is_spotify_id

VERSION = "1"
"""Raised when other candidates would win."""
_SAME, _FOLDED = 1.0, 0.99
_LIKE, _LONG_NAME = 94, 8
_LESS_LIKELY = 0.001
_SEPARATORS = r"\s*[,;/&+]\s*|\s+(?:and|x|with|vs\.?)\s+"
_IMITATION = re.compile(
    r"\b(?:karaoke|tribute|made famous|in the style of|lullaby|8-?bit|cover(?:s|ed)?)\b", re.I
)
_ANOTHER_TIME = re.compile(
    r"\b(?:live (?:at|in|from|on)|unplugged|remix(?:es|ed))\b|\(live\)", re.I
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track of Spotify."""

    track_id: str
    artists: tuple[str, ...]
    title: str
    album: str = ""


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


def choose(
    artist: str, title: str, candidates: Sequence[Candidate]
) -> tuple[Candidate, float] | None:
    """The candidate that is the song, and how surely, from `ENOUGH` to 1.

    That is the lesser of its artists' and its title's score. Among equals it is the one that
    Spotify lists first, of an album that does not speak of a concert or of remixes where there
    is one.
    """
    by_artist = _artist_scores(artist, candidates)
    imitation = _IMITATION.search(f"{artist} {title}")
    left = [
        one for one in candidates
        if by_artist[one] >= ENOUGH and (imitation or not _is_imitation(one))
    ]  # fmt: skip
    by_title = _title_scores(title, left)
    scores = {one: min(by_artist[one], by_title[one]) for one in left}
    best = max(left, key=lambda one: scores[one] - _doubt(one), default=None)
    return (best, scores[best]) if best and scores[best] >= ENOUGH else None


def _artist_scores(artist: str, candidates: Sequence[Candidate]) -> dict[Candidate, float]:
    """Compare with each artist of a track, and with all of them together in any order."""
    together = {one: (" & ".join(one.artists), ", ".join(one.artists)) for one in candidates}
    texts = [
        *[artist, *_members(artist)],
        *(text for one in candidates for text in (*one.artists, *together[one])),
    ]
    keys, folded = _spelled(artist_key, texts), _spelled(folded_artist, texts)
    own, members = folded[artist], {folded[name] for name in _members(artist)}

    def score(one: Candidate) -> float:
        if keys[artist] in {keys[name] for name in (*one.artists, *together[one])}:
            return _SAME
        names = {folded[name] for name in one.artists}
        if own in names | {folded[together[one][0]]} or members == names:
            return _FOLDED
        likest = max(fuzz.ratio(own, name) for name in names)
        return SLIP if len(own) >= _LONG_NAME and likest >= _LIKE else 0.0

    return {one: score(one) for one in candidates}


def _title_scores(title: str, candidates: Sequence[Candidate]) -> dict[Candidate, float]:
    keys = _spelled(title_key, [title, *(one.title for one in candidates)])
    return {
        one: _SAME if keys[one.title] == keys[title] else title_score(title, one.title)
        for one in candidates
    }


def _members(artist: str) -> list[str]:
    return [part for part in re.split(_SEPARATORS, artist, flags=re.I) if part]


def _is_imitation(one: Candidate) -> bool:
    return _IMITATION.search(" ".join((*one.artists, one.title, one.album))) is not None


def _doubt(candidate: Candidate) -> float:
    return _LESS_LIKELY if _ANOTHER_TIME.search(candidate.album) else 0.0


def _spelled(expression: Callable[[pl.Expr], pl.Expr], texts: Sequence[str]) -> dict[str, str]:
    """What an expression makes of each text."""
    made = pl.DataFrame({"text": texts}).select(expression(pl.col("text"))).to_series()
    return dict(zip(texts, made, strict=True))
