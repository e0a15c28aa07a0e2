"""Starter packs: a few well-known songs to start from, by how they sound or by whom they are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from recsys_dagster.recommend.answer import Song

AMONG = 300
"""Packs are made of so many of the most played songs."""
EACH = 3
ARTISTS = 2
Features = Mapping[str, float | None]

_SOUNDS = (
    ("High energy", "bolt", "The most energetic", "energy", -1),
    ("Calm", "spa", "The least energetic", "energy", 1),
    ("Cheerful", "sunny", "The most cheerful", "valence", -1),
    ("Melancholy", "rainy", "The least cheerful", "valence", 1),
    ("Danceable", "nightlife", "The most danceable", "danceability", -1),
)


@dataclass(frozen=True)
class Pack:
    """Songs to start from, their name, icon, and what they are."""

    name: str
    icon: str
    explained: str
    songs: tuple[Song, ...]


def make(songs: Sequence[Song], audio: Sequence[Features]) -> list[Pack]:
    """The packs that can be made of songs, the most played first, and their audio features.

    Each has three songs by three artists: those that are played most, and those with the most or
    the least of a feature. The two artists with the most plays have a pack of their own. A pack
    for which there are not enough songs is left out.
    """
    among = f"of the {len(songs)} most played songs."
    packs = [Pack("Played most", "trending_up", "What is played most.", _few(songs))]
    packs += [
        Pack(name, icon, f"{what} {among}", _extreme(songs, audio, feature, sign))
        for name, icon, what, feature, sign in _SOUNDS
    ]
    packs += [
        Pack(artist, "artist", "The artist's most played songs.", _by(artist, songs))
        for artist in _well_known(songs)
    ]
    return [pack for pack in packs if len(pack.songs) == EACH]


def _few(songs: Sequence[Song]) -> tuple[Song, ...]:
    """The first songs, one of each artist."""
    first: dict[str, Song] = {}
    for song in songs:
        first.setdefault(song.artist, song)
    return tuple(islice(first.values(), EACH))


def _extreme(
    songs: Sequence[Song], audio: Sequence[Features], feature: str, sign: int
) -> tuple[Song, ...]:
    known = [
        (sign * value, place)
        for place, one in enumerate(audio)
        if (value := one.get(feature)) is not None
    ]
    return _few([songs[place] for _, place in sorted(known)])


def _well_known(songs: Sequence[Song]) -> list[str]:
    plays: Counter[str] = Counter()
    for song in songs:
        plays[song.artist] += song.plays
    able = [artist for artist, _ in plays.most_common() if len(_by(artist, songs)) == EACH]
    return able[:ARTISTS]


def _by(artist: str, songs: Sequence[Song]) -> tuple[Song, ...]:
    return tuple(islice((song for song in songs if song.artist == artist), EACH))
