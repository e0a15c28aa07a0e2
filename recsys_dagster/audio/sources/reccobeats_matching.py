"""Which of the tracks that a title search brings are the song that was looked for.

A wrong match is worse than none. The titles must be the same song by `identity`, but for accents
and punctuation, so version words such as live, remix, karaoke or instrumental agree too. The
artist must be one of the track's, or all of them together, give or take a letter in a long name.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl
from rapidfuzz import fuzz

from recsys_dagster.audio.sources.reccobeats_client import Track
from recsys_dagster.identity import artist_key, title_key

RULES = "1"
"""Raised when a song may be matched otherwise than before."""
MOST_CANDIDATES = 3
"""Releases of one song; the service has features of some and not of others."""
_ENOUGH = 92.0
_LONG_NAME = 6
_SMALL_WORDS = frozenset({"and", "n", "the"})
_IMITATIONS = frozenset(
    {"cover", "covers", "instrumental", "karaoke", "live", "orchestra", "remix", "tribute"}
)
_NOTED = re.compile("feat|ft|master", re.IGNORECASE)
_APOSTROPHES = str.maketrans("", "", "'\u2019\u2018`\u00b4\u02bc")
_APART = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Keys:
    """The identities of names as the service spells them, by spelling."""

    titles: Mapping[str, str]
    artists: Mapping[str, str]

    @classmethod
    def of(cls, tracks: Iterable[Track]) -> "Keys":
        """The keys of all titles and artists of tracks, found at once."""
        titles: dict[str, None] = {}
        artists: dict[str, None] = {}
        for track in tracks:
            titles[track.title] = None
            artists.update(dict.fromkeys(track.artists))
        return cls(_keyed(titles, title_key(_NAME)), _keyed(artists, artist_key(_NAME)))


_NAME = pl.col("name")


def _keyed(names: Iterable[str], key: pl.Expr) -> dict[str, str]:
    table = pl.DataFrame({"name": list(names)}, schema={"name": pl.String})
    return dict(table.select("name", key.alias("key")).iter_rows())


def candidates(
    artist: str, title: str, tracks: Iterable[Track], keys: Keys
) -> list[tuple[str, float]]:
    """The tracks that are a song, the best first, with scores from 0 to 1.

    Parameters
    ----------
    artist, title
        The keys of the song.
    tracks
        What was found.
    keys
        Their keys.
    """
    wanted = comparable(title)
    scores: dict[str, float] = {}
    for track in tracks:
        found = keys.titles[track.title]
        if comparable(found) == wanted and (
            agreement := _agreement(artist, [keys.artists[name] for name in track.artists])
        ):
            score = round(min(agreement, fuzz.ratio(title, found) / 100), 4)
            scores[track.id] = max(score, scores.get(track.id, 0))
    # The order of the answer may change from one day to the next; that of ids does not.
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:MOST_CANDIDATES]


def may_be(title: str, found: str) -> bool:
    """Whether a found title can be the song with this title key; quick, and rarely too kind.

    Only a title with guests or remaster notes has more letters in it than its key.
    """
    letters = _spoken(found).replace(" ", "")
    return _NOTED.search(found) is not None or letters in ("", _spoken(title).replace(" ", ""))


def comparable(text: str) -> str:
    """The words of a name in lower case, without accents and punctuation; itself without words."""
    return _spoken(text) or text


@lru_cache(maxsize=1 << 14)
def _spoken(text: str) -> str:
    plain = text.translate(_APOSTROPHES).lower().replace("&", " and ")
    if plain.isascii():
        return " ".join(_APART.split(plain)).strip()
    folded = unicodedata.normalize("NFKD", plain).casefold()
    letters = unicodedata.normalize("NFKD", folded)
    kept = "".join(one if _is_spoken(one) else " " for one in letters if not _is_accent(one))
    return " ".join(unicodedata.normalize("NFC", kept).split())


def _is_accent(character: str) -> bool:
    """An accent, or what chooses between pictures of a character."""
    return "\u0300" <= character <= "\u036f" or "\ufe00" <= character <= "\ufe0f"


def _is_spoken(character: str) -> bool:
    """A letter or digit, or a mark that makes one of it, such as the vowels of Hindi."""
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _agreement(artist: str, artists: list[str]) -> float:
    """How well an artist's key agrees with those of a track: 1, 0, or nearly 1."""
    wanted, found = _words(artist), [_words(name) for name in artists]
    everybody = sorted(word for words in found for word in words)
    if wanted in found or sorted(wanted) == everybody:
        return 1.0
    return max((_nearness(wanted, words) for words in found), default=0.0)


def _words(artist: str) -> tuple[str, ...]:
    words = comparable(artist).split()
    return tuple(word for word in words if word not in _SMALL_WORDS) or tuple(words)


def _nearness(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    a, b = " ".join(one), " ".join(other)
    if min(len(a), len(b)) < _LONG_NAME or _tells_apart(one) != _tells_apart(other):
        return 0.0
    return fuzz.ratio(a, b, score_cutoff=_ENOUGH) / 100


def _tells_apart(words: tuple[str, ...]) -> set[str]:
    """Digits, and words by which imitators name themselves."""
    return {word for word in words if word in _IMITATIONS or any(map(str.isdigit, word))}
