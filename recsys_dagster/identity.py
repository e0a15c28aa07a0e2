"""Song identity: when two spellings are the same song.

The same song is spelled in many ways: other case and spacing, look-alike characters (U+2010
for "-", U+2019 for "'"), guests in the artist or the title ("feat. X"), and the notes that
re-issues add ("- Remastered 2009"). A live version, a remix or an edit is another recording
and stays another song. Where taking such notes away leaves nothing, they are the name.
"""

from collections.abc import Callable
from functools import lru_cache

import polars as pl

SEPARATOR = " — "
"""Stands between artist and title in a key; normalised text never holds a long dash."""

_DASHES = "[\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d]"
_SINGLE_QUOTES = "[\u2018\u2019\u201a\u201b\u2032\u02bc\u0060\u00b4\uff07]"
_DOUBLE_QUOTES = "[\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02]"
_INVISIBLE = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff]"

_NAME = r"[^\s()\[\]]"
_GUEST = rf"(?:(?:feat|ft)\.\s*|(?:feat|ft|featuring)\s+){_NAME}"
_INSIDE_BRACKETS = r"(?:[^()\[\]]|\([^()]*\)|\[[^\[\]]*\])*"
_VERSION = (
    r"(?:remix|mix|edit|live|version|acoustic|instrumental|demo|dub|bootleg|rework|unplugged"
    r"|session|karaoke|vip)"
)
_GUEST_AND_VERSION = rf"([(\[]){_GUEST}[^()\[\]]*\s({_VERSION}[)\]])"
_GUEST_IN_BRACKETS = rf"\s*[(\[]{_GUEST}{_INSIDE_BRACKETS}[)\]]"
# An open "feat. X" ends at a bracket, a " - Live" or a " Remix"; it needs something before it,
# and "ft" after a number is feet ("50 Ft Queenie").
_GUEST_IN_THE_OPEN = (
    r"(?:(\S)\s+(?:-\s+)?(?:(?:feat|ft)\.\s*|(?:feat|featuring)\s+)|([^\d\s])\s+(?:-\s+)?ft\s+)"
    rf"{_NAME}.*?(\s+-\s|\s*[()\[\]]|\s{_VERSION}\b|$)"
)

_YEAR = r"(?:19|20)\d\d"
_REMASTER = (
    rf"(?:{_YEAR}\s*(?:-\s*)?)?(?:\d+(?:st|nd|rd|th) anniversary\s+)?(?:digital(?:ly)?\s+)?"
    rf"re-?master(?:ed|s)?(?:\s+(?:version|edition|track|audio))?"
    rf"(?:\s+(?:in\s+)?{_YEAR})?(?:\s+(?:version|edition|re-?master(?:ed)?))?"
)
_REMASTER_IN_BRACKETS = rf"\s*[(\[]{_REMASTER}[)\]]"
_REMASTER_AT_THE_END = rf"(?:\s*(?:\s-|;|\s?/)\s*{_REMASTER})+$"


def _unify(text: pl.Expr) -> pl.Expr:
    """Fold case, spacing and look-alike characters; text of nothing visible stays itself."""
    folded = (
        text.str.replace_all(_INVISIBLE, "")
        .str.replace_all("\u00b4", "'")  # NFKC would make a space and an accent of it,
        .str.replace_all("\u2033", '"')  # and two single quotes of this
        .str.normalize("NFKC")
        .str.replace_all(_DASHES, "-")
        .str.replace_all(_SINGLE_QUOTES, "'")
        .str.replace_all(_DOUBLE_QUOTES, '"')
        .str.to_lowercase()
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" ")
    )
    return pl.when(folded == "").then(text).otherwise(folded)


def _without_guests(text: pl.Expr) -> pl.Expr:
    return (
        text.str.replace_all(_GUEST_AND_VERSION, "$1$2")
        .str.replace_all(_GUEST_IN_BRACKETS, "")
        .str.replace_all(_GUEST_IN_THE_OPEN, "$1$2$3")
    )


def _without_remaster_notes(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_REMASTER_IN_BRACKETS, "").str.replace(_REMASTER_AT_THE_END, "")


def _or_before(cleaned: pl.Expr, before: pl.Expr) -> pl.Expr:
    cleaned = cleaned.str.strip_chars(" ")
    return pl.when(cleaned == "").then(before).otherwise(cleaned)


def artist_key(artist: pl.Expr) -> pl.Expr:
    """The part of a song's key that stands for its artist."""
    unified = _unify(artist)
    return _or_before(_without_guests(unified), unified)


def title_key(title: pl.Expr) -> pl.Expr:
    """The part of a song's key that stands for its title."""
    unified = _unify(title)
    return _or_before(_without_remaster_notes(_without_guests(unified)), unified)


def song_key(artist: pl.Expr, title: pl.Expr) -> pl.Expr:
    """The identity of a song: rows with equal keys are the same song.

    Parameters
    ----------
    artist, title
        Text columns as a source spelled them.
    """
    return pl.concat_str(artist_key(artist), pl.lit(SEPARATOR), title_key(title))


def artist_part(key: pl.Expr) -> pl.Expr:
    """The `artist_key` within a `song_key`."""
    return key.str.split(SEPARATOR).list.first()


def title_part(key: pl.Expr) -> pl.Expr:
    """The `title_key` within a `song_key`."""
    return key.str.split(SEPARATOR).list.last()


class SongKeys:
    """Finds the keys of songs batch by batch, each odd spelling once.

    Most names are plain, and their key is they themselves in lower case. The others, which
    may have guests, remaster notes or look-alike characters, cost a hundred times as much, so
    their keys are kept.
    """

    def __init__(self) -> None:
        self._odd = pl.DataFrame(schema=dict.fromkeys(("artist", "title", "song_key"), pl.String))

    def add(self, songs: pl.DataFrame) -> pl.DataFrame:
        """The rows with `song_key`; what `artist` and `title` are spelled like decides.

        The rows come in another order.
        """
        plain = songs.select(_is_plain("artist") & _is_plain("title")).to_series()
        key = pl.concat_str(_plain_key("artist"), pl.lit(SEPARATOR), _plain_key("title"))
        odd = songs.filter(~plain)
        spelled = ["artist", "title"]
        new = odd.select(spelled).unique().join(self._odd, on=spelled, how="anti")
        keyed = new.with_columns(song_key(pl.col("artist"), pl.col("title")).alias("song_key"))
        self._odd = pl.concat([self._odd, keyed])
        return pl.concat(
            [
                songs.filter(plain).with_columns(key.alias("song_key")),
                odd.join(self._odd, on=spelled, how="left"),
            ]
        )


def with_song_keys(songs: pl.DataFrame) -> pl.DataFrame:
    """The rows with `song_key`, in their order; see `SongKeys`."""
    place = "place of the row"
    return SongKeys().add(songs.with_row_index(place)).sort(place).drop(place)


_MARKS = ["feat", "ft", "master", "`", "  ", "\t", "\n", "\v", "\f", "\r"]
"""What a plain name has none of: whatever the rules above look for in ASCII."""


def _is_plain(name: str) -> pl.Expr:
    text = pl.col(name)
    is_ascii = text.str.len_bytes() == text.str.len_chars()
    return is_ascii & ~text.str.contains_any(_MARKS, ascii_case_insensitive=True)


def _plain_key(name: str) -> pl.Expr:
    folded = pl.col(name).str.to_lowercase().str.strip_chars(" ")
    return pl.when(folded == "").then(name).otherwise(folded)


def key_of(artist: str, title: str) -> str:
    """`song_key` of a single song."""
    return artist_key_of(artist) + SEPARATOR + title_key_of(title)


def artist_key_of(artist: str) -> str:
    """`artist_key` of a single artist."""
    return _of_one(artist, artist_key)


def title_key_of(title: str) -> str:
    """`title_key` of a single title."""
    return _of_one(title, title_key)


def fold(text: str) -> str:
    """A search text folded as keys are, without accents: what a search compares."""
    return _of_one(text, folded_text)


@lru_cache(maxsize=10_000)  # whoever moves a slider asks with the same songs again
def _of_one(text: str, rule: Callable[[pl.Expr], pl.Expr]) -> str:
    """What a rule makes of one text; of a plain one without the cost of a table."""
    lower = text.lower()
    if text.isascii() and not any(mark in lower for mark in _MARKS):
        return lower.strip(" ") or text
    return str(pl.DataFrame({"text": [text]}).select(rule(pl.col("text"))).item())


def folded_text(text: pl.Expr) -> pl.Expr:
    """`fold` for a column."""
    return _unify(text).str.normalize("NFD").str.replace_all(r"\p{M}", "")
