"""What a title search of ReccoBeats brings: what of it is worth keeping, and what is the song."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from recsys_dagster.audio.sources.candidates import Candidate, Search, score_listed
from recsys_dagster.audio.sources.reccobeats_client import Track

MOST_CANDIDATES = 3
"""Releases of one song; the service has features of some and not of others."""
_APART = re.compile(r"[^0-9a-z]+")
_NOTED = re.compile("feat|ft|master", re.IGNORECASE)


def candidates(
    searches: Sequence[tuple[str, str, Sequence[Track]]],
) -> list[list[tuple[str, float]]]:
    """The tracks that each song is, by id, the best first, with scores.

    Parameters
    ----------
    searches
        Artist, title and what was found, by song.
    """
    scored = score_listed([
        Search(artist, title, [Candidate(one.id, tuple(one.artists), one.title) for one in tracks])
        for artist, title, tracks in searches
    ])  # fmt: skip
    return [_best({one.track_id: score for one, score in song}) for song in scored]


def _best(scores: dict[str, float]) -> list[tuple[str, float]]:
    # The order of the answer may change from one day to the next; that of ids does not.
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:MOST_CANDIDATES]


def may_be(title: str, found: str) -> bool:
    """Whether a found title is worth keeping for a song with this title key.

    A search finds hundreds of titles that have the words in them. Only one with guests or
    remaster notes has more letters in it than the key.
    """
    return _NOTED.search(found) is not None or _letters(found) in ("", _letters(title))


@lru_cache(maxsize=1 << 14)
def _letters(text: str) -> str:
    """Letters and digits alone, in lower case, without accents."""
    plain = text.lower().replace("&", "and")
    if plain.isascii():
        return _APART.sub("", plain)
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", plain).casefold())
    return "".join(filter(str.isalnum, plain))
