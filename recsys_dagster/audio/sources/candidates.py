"""Which of the tracks that a service lists are the song that was searched for, if any is.

A search finds something for every text, so that it found something says nothing. The artist has
to be one of the track's, or all of them together, give or take a letter in a long name; the title
has to be the same by `identity`, or only spelled otherwise (`audio.matching`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl
from rapidfuzz import fuzz

from recsys_dagster.audio.matching import ENOUGH, SLIP, folded_key, title_scores
from recsys_dagster.identity import artist_key

VERSION = "2"
"""Raised when other candidates would win."""
_SAME, _FOLDED = 1.0, 0.99
_LIKE, _LONG_NAME = 94, 8
_SEPARATORS = re.compile(r"\s*[,;/&+]\s*|\s+(?:and|x|with|vs\.?)\s+", re.I)
_IMITATION = re.compile(
    r"\b(?:karaoke|tribute|made famous|in the style of|lullaby|8-?bit|cover(?:s|ed)?)\b", re.I
)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track that a service lists."""

    track_id: str
    artists: tuple[str, ...]
    title: str
    album: str = ""


class Search(NamedTuple):
    """A song, and what was found for it."""

    artist: str
    title: str
    listed: Sequence[Candidate]


Scored = list[tuple[Candidate, float]]


def score_listed(searches: Sequence[Search]) -> list[Scored]:
    """The candidates that are each song, in the order in which they are listed, with scores.

    A score is from `ENOUGH` to 1: the lesser of the artist's and the title's. All searches are
    scored at once, as names are folded a table at a time.
    """
    names = _Names.of(searches)
    by_artist = [
        [(one, score) for one in _listed(search) if (score := names.score(search.artist, one))]
        for search in searches
    ]
    pairs = list(
        dict.fromkeys(
            (search.title, one.title)
            for search, scored in zip(searches, by_artist, strict=True)
            for one, _ in scored
        )
    )
    by_title = dict(zip(pairs, title_scores(pairs), strict=True))
    return [
        [
            (one, min(score, alike))
            for one, score in scored
            if (alike := by_title[search.title, one.title]) >= names.enough(search.artist)
        ]
        for search, scored in zip(searches, by_artist, strict=True)
    ]


def _listed(search: Search) -> Iterable[Candidate]:
    """Without imitations, unless one was searched for."""
    if _IMITATION.search(f"{search.artist} {search.title}"):
        return search.listed
    return (one for one in search.listed if not _is_imitation(one))


def _is_imitation(one: Candidate) -> bool:
    return _IMITATION.search(" ".join((*one.artists, one.title, one.album))) is not None


@dataclass(frozen=True, slots=True)
class _Names:
    """Artists' names by spelling: their keys, and folded."""

    keys: Mapping[str, str]
    folded: Mapping[str, str | None]

    @classmethod
    def of(cls, searches: Sequence[Search]) -> "_Names":
        names: dict[str, None] = {}
        for search in searches:
            names.update(dict.fromkeys((search.artist, *_members(search.artist))))
            for one in search.listed:
                names.update(dict.fromkeys((*one.artists, *_together(one))))
        table = pl.DataFrame({"name": list(names)}, {"name": pl.String})
        folded = table.select(artist_key(pl.col("name")).alias("key")).with_columns(
            folded_key(pl.col("key")).alias("folded")
        )
        return cls(
            dict(zip(names, folded["key"], strict=True)),
            dict(zip(names, folded["folded"], strict=True)),
        )

    def enough(self, artist: str) -> float:
        """What a title must score; a composer's name says nothing of who plays."""
        return ENOUGH if self.folded[artist] else _SAME

    def score(self, artist: str, one: Candidate) -> float:
        """Compare with each artist of a track, and with all of them together in any order."""
        together = _together(one)
        if self.keys[artist] in {self.keys[name] for name in (*one.artists, *together)}:
            return _SAME
        own, names = self.folded[artist], {self.folded[name] for name in one.artists} - {None}
        if own is None or not names:
            return 0.0
        members = {self.folded[name] for name in _members(artist)}
        if own in names | {self.folded[together[0]]} or members == names:
            return _FOLDED
        return SLIP if any(_is_slip(own, name) for name in names if name) else 0.0


def _is_slip(own: str, other: str) -> bool:
    """Whether long names differ by a letter; by a number, they are two artists."""
    same_numbers = _NUMBER.findall(own) == _NUMBER.findall(other)
    long = min(len(own), len(other)) >= _LONG_NAME
    return long and same_numbers and fuzz.ratio(own, other) >= _LIKE


def _members(artist: str) -> list[str]:
    return [part for part in _SEPARATORS.split(artist) if part]


def _together(one: Candidate) -> tuple[str, str]:
    return " & ".join(one.artists), ", ".join(one.artists)
