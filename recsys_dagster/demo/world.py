"""The world: artists, songs, how popular they are and how they sound."""

from dataclasses import dataclass

import numpy as np

from recsys_dagster.demo.config import DemoConfig
from recsys_dagster.demo.draw import Floats, Ints, Singles, count_up_within, running_total
from recsys_dagster.demo.genres import GENRES
from recsys_dagster.demo.naming import Names, make_names
from recsys_dagster.demo.sound import Sound, make_sound

SONGS_PER_ARTIST = 10
ARTIST_POWER, SONG_POWER = 0.75, 0.6
"""Exponents of Zipf's law over the artists, and over the songs of one artist."""

UNHEARD_SHARE = 0.01
HIDDEN_FACTORS = 6


@dataclass(frozen=True)
class World:
    """Everything that can be listened to; songs lie by genre, then by artist.

    Attributes
    ----------
    artist_genre
        Shape (artists,), ascending.
    song_artist
        Shape (songs,), ascending.
    artist_bounds, genre_bounds
        Shapes (artists + 1,) and (genres + 1,): where the songs of each begin.
    popularity
        Shape (songs + 1,): the running total of the songs' weights.
    scene
        Shape (songs, HIDDEN_FACTORS): what listeners feel and no audio feature tells.
    sound, names
        The audio features and the names.
    """

    artist_genre: Ints
    song_artist: Ints
    artist_bounds: Ints
    genre_bounds: Ints
    popularity: Floats
    scene: Singles
    sound: Sound
    names: Names


def make_world(config: DemoConfig, rng: np.random.Generator) -> World:
    """Make the songs of `config`, exactly `config.songs` of them."""
    artists = config.songs // SONGS_PER_ARTIST
    artist_genre = _genres_of_artists(artists, rng)
    sizes = _songs_per_artist(artists, config.songs, rng)
    song_artist = np.repeat(np.arange(artists), sizes)
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    first_artist = np.searchsorted(artist_genre, np.arange(artist_genre[-1] + 2))
    return World(
        artist_genre=artist_genre,
        song_artist=song_artist,
        artist_bounds=bounds,
        genre_bounds=bounds[first_artist],
        popularity=running_total(_popularity(sizes, song_artist, rng)),
        scene=_scenes(artists, song_artist, rng),
        sound=make_sound(artist_genre, song_artist, rng),
        names=make_names(sizes, rng),
    )


def _genres_of_artists(artists: int, rng: np.random.Generator) -> Ints:
    """Give each genre an artist first, so that no genre in use is empty."""
    used = min(artists, len(GENRES))
    share = np.array([genre.share for genre in GENRES[:used]])
    others = rng.choice(used, artists - used, p=share / share.sum())
    return np.sort(np.concatenate((np.arange(used), others)))


def _songs_per_artist(artists: int, songs: int, rng: np.random.Generator) -> Ints:
    weight = rng.gamma(2.0, size=artists)
    more: Ints = rng.multinomial(songs - artists, weight / weight.sum())
    return more + 1


def _popularity(sizes: Ints, song_artist: Ints, rng: np.random.Generator) -> Floats:
    rank = rng.permutation(len(sizes)) + 1
    artist = rank**-ARTIST_POWER * rng.lognormal(0, 0.3, len(sizes))
    place = count_up_within(sizes) + 1
    weight = artist[song_artist] * place**-SONG_POWER * rng.lognormal(0, 0.4, len(song_artist))
    # A shelf has songs that nobody plays, but each artist is known for something.
    unheard = (place > 1) & (rng.random(len(weight)) < UNHEARD_SHARE)
    return np.where(unheard, 0.0, weight)


def _scenes(artists: int, song_artist: Ints, rng: np.random.Generator) -> Singles:
    of_artist = rng.standard_normal((artists, HIDDEN_FACTORS), dtype=np.float32)
    own = rng.standard_normal((len(song_artist), HIDDEN_FACTORS), dtype=np.float32)
    mixed: Singles = np.float32(0.7**0.5) * of_artist[song_artist] + np.float32(0.3**0.5) * own
    return mixed
