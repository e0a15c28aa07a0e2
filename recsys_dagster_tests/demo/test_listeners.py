"""Listeners have tastes of their own: genres, and songs within them."""

import numpy as np
import pytest

from recsys_dagster.demo import DemoConfig
from recsys_dagster.demo.listeners import FAVOURITES, Listeners, affinity, make_listeners
from recsys_dagster.demo.world import World, make_world

CONFIG = DemoConfig(users=300)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(CONFIG, np.random.default_rng(1))


@pytest.fixture(scope="module")
def people(world: World) -> Listeners:
    return make_listeners(world, CONFIG, np.random.default_rng(2))


def test_each_loves_a_few_genres_and_all_genres_are_loved(world: World, people: Listeners) -> None:
    genre = world.artist_genre[people.favourites]
    loved = np.array([len(set(row)) for row in genre.tolist()])
    assert people.favourites.shape == (300, FAVOURITES)
    assert 1.5 < loved.mean() < 4
    assert set(genre.ravel().tolist()) == set(range(9))


def test_favourites_suit_their_listener(world: World, people: Listeners) -> None:
    songs = world.artist_bounds[people.favourites]
    own = affinity(world, songs, people.scene, people.sound).mean()
    swapped = affinity(world, songs, np.roll(people.scene, 1, 0), np.roll(people.sound, 1, 0))
    assert own > swapped.mean() + 0.5


def test_activity_is_skewed_and_adds_up(people: Listeners) -> None:
    assert people.counts.sum() == CONFIG.listens
    assert people.counts.min() >= 40
    assert people.counts.mean() > 1.2 * np.median(people.counts)
