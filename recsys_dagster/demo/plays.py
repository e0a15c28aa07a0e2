"""What is played: finding songs, coming back to them, and keeping the mood."""

from dataclasses import dataclass

import numpy as np

from recsys_dagster.demo.draw import (
    Flags,
    Ints,
    Singles,
    count_up_within,
    draw_in_ranges,
    pick_best,
    running_total,
)
from recsys_dagster.demo.listeners import FAVOURITES, Listeners, affinity
from recsys_dagster.demo.sessions import make_sessions
from recsys_dagster.demo.world import World

TRIES = 8
MOOD_PULL = 0.25
"""How strongly a session keeps to its mood, per squared distance in standardised features."""

FROM_FAVOURITE, FROM_GENRE = 0.3, 0.6
"""Where found songs come from; the rest comes from the whole world."""

NEW_LATE, NEW_EARLY, EARLY_LISTENS = 0.36, 0.5, 25.0
"""Chance that a listen is a find: `NEW_LATE`, and more by `NEW_EARLY` at the very first."""


@dataclass(frozen=True)
class Plays:
    """What some listeners played, by listener and time; shapes (listens,).

    Attributes
    ----------
    owner
        The row of the listener.
    song
        The song.
    minute
        When it began, in minutes since the first day of the calendar.
    """

    owner: Ints
    song: Ints
    minute: Ints


@dataclass(frozen=True)
class _Moods:
    """What the session of each listen keeps to: an artist, and a song's sound."""

    artist: Ints
    sound: Singles


def make_plays(world: World, people: Listeners, rng: np.random.Generator) -> Plays:
    """Let `people` listen.

    Parameters
    ----------
    world
        The songs.
    people
        Some of the listeners.
    rng
        Source of chance.
    """
    sessions = make_sessions(people.counts, rng)
    owner = np.repeat(sessions.owner, sessions.sizes)
    artist, sound = _session_moods(world, people, sessions.owner, rng)
    session = np.repeat(np.arange(len(sessions.sizes)), sessions.sizes)
    moods = _Moods(artist[session], sound[session])
    new = _is_a_find(people.counts, rng)
    song = np.empty(len(owner), dtype=np.int64)
    song[new] = _find(world, people, owner[new], _Moods(moods.artist[new], moods.sound[new]), rng)
    song[~new] = _come_back(world, song[new], owner, new, moods.sound[~new], rng)
    return Plays(owner, song, sessions.minutes)


def _session_moods(
    world: World, people: Listeners, owner: Ints, rng: np.random.Generator
) -> tuple[Ints, Singles]:
    """Begin each session with a favourite artist and one of that artist's songs."""
    weight = 1 / np.arange(2, FAVOURITES + 2)
    artist = people.favourites[owner, rng.choice(FAVOURITES, len(owner), p=weight / weight.sum())]
    low, high = world.artist_bounds[artist], world.artist_bounds[artist + 1]
    song = draw_in_ranges(world.popularity, low, high, 1, rng)[:, 0]
    return artist, world.sound.standard[song]


def _is_a_find(counts: Ints, rng: np.random.Generator) -> Flags:
    """Say which listens are of songs not looked for before; everyone's first one is."""
    place = count_up_within(counts)
    chance = NEW_LATE + NEW_EARLY * np.exp(-place / EARLY_LISTENS)
    finds: Flags = (place == 0) | (rng.random(len(place)) < chance)
    return finds


def _find(
    world: World, people: Listeners, owner: Ints, moods: _Moods, rng: np.random.Generator
) -> Ints:
    """Find songs by the artist, in the genre, or anywhere, by popularity, taste and mood."""
    genre = world.artist_genre[moods.artist]
    way = rng.random(len(owner))
    by_artist, by_genre = way < FROM_FAVOURITE, way < FROM_FAVOURITE + FROM_GENRE
    low = np.where(by_genre, world.genre_bounds[genre], 0)
    high = np.where(by_genre, world.genre_bounds[genre + 1], len(world.song_artist))
    low = np.where(by_artist, world.artist_bounds[moods.artist], low)
    high = np.where(by_artist, world.artist_bounds[moods.artist + 1], high)
    songs = draw_in_ranges(world.popularity, low, high, TRIES, rng)
    score = affinity(world, songs, people.scene[owner], people.sound[owner])
    return pick_best(songs, score + _nearness(world, songs, moods.sound), rng)


def _come_back(
    world: World, found: Ints, owner: Ints, new: Flags, mood: Singles, rng: np.random.Generator
) -> Ints:
    """Play songs again that the same listener has found before, favourites more often."""
    weight = rng.lognormal(0, 0.9, len(found))
    found_before: Ints = np.cumsum(new, dtype=np.int64)
    first_of_owner = np.searchsorted(owner[new], np.arange(owner[-1] + 1))
    low, high = first_of_owner[owner[~new]], found_before[~new]
    songs = found[draw_in_ranges(running_total(weight), low, high, TRIES, rng)]
    return pick_best(songs, _nearness(world, songs, mood), rng)


def _nearness(world: World, songs: Ints, mood: Singles) -> Singles:
    """Score songs (m, tries) by how near they sound to the mood of their row."""
    apart = world.sound.standard[songs] - mood[:, None, :]
    score: Singles = np.float32(-MOOD_PULL) * np.einsum("mtk,mtk->mt", apart, apart)
    return score
