"""Who listens: how much, and with what taste."""

from dataclasses import dataclass

import numpy as np

from recsys_dagster.demo.config import DemoConfig
from recsys_dagster.demo.draw import Floats, Ints, Singles, draw_in_ranges, pick_best
from recsys_dagster.demo.world import HIDDEN_FACTORS, World

FAVOURITES = 12
LEAST_LISTENS = 40
TASTE_SPREAD = 0.15
"""Dirichlet concentration over the genres: the smaller, the fewer genres each one loves."""

SCENE_PULL, SOUND_PULL = 0.6, 0.45
"""How strongly hidden factors and audio preference decide between songs."""


@dataclass(frozen=True)
class Listeners:
    """All listeners.

    Attributes
    ----------
    counts
        Shape (users,): how many listens each has.
    favourites
        Shape (users, FAVOURITES): artists, the most loved first.
    scene
        Shape (users, HIDDEN_FACTORS): the pull of each hidden factor.
    sound
        Shape (users, audio features): the pull of each standardised audio feature.
    """

    counts: Ints
    favourites: Ints
    scene: Singles
    sound: Singles


def make_listeners(world: World, config: DemoConfig, rng: np.random.Generator) -> Listeners:
    """Make exactly `config.users` listeners with `config.listens` listens between them."""
    scene = rng.standard_normal((config.users, HIDDEN_FACTORS), dtype=np.float32) * SCENE_PULL
    features = world.sound.standard.shape[1]
    sound = rng.standard_normal((config.users, features), dtype=np.float32) * SOUND_PULL
    return Listeners(
        counts=_listen_counts(config, rng),
        favourites=_favourite_artists(world, scene, sound, rng),
        scene=scene,
        sound=sound,
    )


def affinity(world: World, songs: Ints, scene: Singles, sound: Singles) -> Singles:
    """Score songs for listeners.

    Parameters
    ----------
    world
        The songs.
    songs
        Shape (m, tries).
    scene, sound
        The pulls of each row's listener, shapes (m, HIDDEN_FACTORS) and (m, audio features).

    Returns
    -------
    Singles
        Shape (m, tries), in units of log probability.
    """
    felt = np.einsum("mtk,mk->mt", world.scene[songs], scene)
    heard = np.einsum("mtk,mk->mt", world.sound.standard[songs], sound)
    score: Singles = felt + heard
    return score


def _listen_counts(config: DemoConfig, rng: np.random.Generator) -> Ints:
    """Share the listens out, skewed, after everyone has had a few."""
    least = max(1, min(LEAST_LISTENS, config.listens // (2 * config.users)))
    weight = rng.lognormal(0, 0.9, config.users)
    # Nobody can fill more than the two years.
    weight = np.minimum(weight, 8 * weight.mean())
    rest: Ints = rng.multinomial(config.listens - least * config.users, weight / weight.sum())
    return rest + least


def _favourite_artists(
    world: World, scene: Singles, sound: Singles, rng: np.random.Generator
) -> Ints:
    """Choose artists from the genres that each listener loves."""
    genre = _loved_genres(len(world.genre_bounds) - 1, len(scene), rng).ravel()
    low, high = world.genre_bounds[genre], world.genre_bounds[genre + 1]
    songs = draw_in_ranges(world.popularity, low, high, 8, rng)
    owner = np.repeat(np.arange(len(scene)), FAVOURITES)
    chosen = pick_best(songs, affinity(world, songs, scene[owner], sound[owner]), rng)
    return world.song_artist[chosen].reshape(len(scene), FAVOURITES)


def _loved_genres(genres: int, users: int, rng: np.random.Generator) -> Ints:
    taste: Floats = rng.dirichlet(np.full(genres, TASTE_SPREAD), users)
    point = rng.random((users, FAVOURITES, 1))
    drawn = (point > np.cumsum(taste, axis=1)[:, None, :]).sum(axis=2)
    loved: Ints = np.minimum(drawn, genres - 1)
    return loved
