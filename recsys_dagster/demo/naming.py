"""What made-up artists, songs and albums are called."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from recsys_dagster.demo.draw import Flags, Ints, count_up_within
from recsys_dagster.demo.words import (
    ADJECTIVES,
    COLLECTIVES,
    FIRST_NAMES,
    FOREIGN_ARTISTS,
    LAST_NAMES,
    NOUNS,
    ODD_TITLES,
    OPENINGS,
    TITLE_ENDINGS,
)

ODD_SHARE, ENDING_SHARE, GUEST_SHARE = 0.02, 0.05, 0.03
ALBUM_LENGTH = 9


@dataclass(frozen=True)
class Names:
    """The names in the world: `artist` one per artist, the others one per song.

    `respelled` is the title in another spelling of the same words.
    """

    artist: pl.Series
    title: pl.Series
    album: pl.Series
    respelled: pl.Series


def make_names(songs_per_artist: Ints, rng: np.random.Generator) -> Names:
    """Name everything; artists are unique, titles are unique within their artist.

    Parameters
    ----------
    songs_per_artist
        Shape (artists,): how many songs each has; songs lie artist by artist.
    rng
        Source of chance.
    """
    artist = artist_names(len(songs_per_artist), rng)
    words = _shuffled([*_pairs(" "), *_phrases()], rng)
    first = np.repeat(rng.integers(0, len(words), len(songs_per_artist)), songs_per_artist)
    place = count_up_within(songs_per_artist)
    plain = _numbered(words, first + place, place // len(words))
    plain = _with_odd_titles(plain, place, first, rng.random(len(plain)) < ODD_SHARE)
    # Albums are taken from the other end of the words, so that few are named like a song.
    album = _numbered(words, first - 1 - place // ALBUM_LENGTH, 0 * place)
    title = _with_endings(plain, artist, rng)
    return Names(artist, title, album, respell(title, rng))


def artist_names(count: int, rng: np.random.Generator) -> pl.Series:
    """Return `count` different names; the short forms are used up before the long ones."""
    short = [
        *(f"The {name}" for name in _pairs(" ")),
        *(f"{first} {last}" for first, last in product(FIRST_NAMES, LAST_NAMES)),
        *(f"{one} & {other}" for one, other in product(NOUNS[::2], NOUNS[1::2])),
        *FOREIGN_ARTISTS,
    ]
    names = _shuffled(short, rng)
    if count > len(names):
        long = [f"{name} {what}" for name, what in product(_pairs(" "), COLLECTIVES)]
        names = pl.concat([names, _shuffled(long, rng)])
    index = np.arange(count)
    return _numbered(names, index, index // len(names))


def respell(title: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Spell titles otherwise: a typographic apostrophe if there is one, or another case."""
    shouted = pl.Series(rng.random(len(title)) < 0.5)
    text = pl.col("title")
    typed = text.str.replace_all("'", "\u2019", literal=True)
    other_case = pl.when(shouted).then(text.str.to_uppercase()).otherwise(text.str.to_lowercase())
    chosen = pl.when(text.str.contains("'", literal=True)).then(typed).otherwise(other_case)
    return title.alias("title").to_frame().select(chosen.alias("respelled")).to_series()


def _pairs(between: str) -> list[str]:
    return [f"{adjective}{between}{noun}" for adjective, noun in product(ADJECTIVES, NOUNS)]


def _phrases() -> list[str]:
    of = [f"{one} of the {other}" for one, other in product(NOUNS[::2], NOUNS[1::2])]
    return [*NOUNS, *of, *(f"{verb} {noun}" for verb, noun in product(OPENINGS, NOUNS))]


def _shuffled(names: list[str], rng: np.random.Generator) -> pl.Series:
    return pl.Series(names).gather(rng.permutation(len(names)))


def _numbered(names: pl.Series, index: Ints, lap: Ints) -> pl.Series:
    """Take names in a circle, numbering them from the second lap on."""
    picked = names.gather(index % len(names))
    again = pl.Series(lap + 1).cast(pl.String)
    numbered = pl.DataFrame({"name": picked, "lap": again})
    suffix = pl.when(pl.Series(lap > 0)).then(" No. " + pl.col("lap")).otherwise(pl.lit(""))
    return numbered.select(pl.col("name") + suffix).to_series()


def _with_odd_titles(plain: pl.Series, place: Ints, first: Ints, odd: Flags) -> pl.Series:
    """Swap some titles for awkward ones, each at most once per artist."""
    odd &= place < len(ODD_TITLES)
    swapped = pl.Series(ODD_TITLES).gather((first + place) % len(ODD_TITLES))
    return swapped.zip_with(pl.Series(odd), plain)


def _with_endings(plain: pl.Series, artist: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Add what shops add to titles: the edition, or a guest."""
    chance = rng.random(len(plain))
    edition = pl.Series(TITLE_ENDINGS).gather(rng.integers(0, len(TITLE_ENDINGS), len(plain)))
    guest = " (feat. " + artist.gather(rng.integers(0, len(artist), len(plain))) + ")"
    nothing = pl.Series([""]).new_from_index(0, len(plain))
    ending = edition.zip_with(pl.Series(chance < ENDING_SHARE), nothing)
    ending = guest.zip_with(pl.Series(chance > 1 - GUEST_SHARE), ending)
    return plain + ending
