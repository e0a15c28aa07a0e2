"""Audio features keep to Spotify's scales and to their genres."""

import numpy as np
import polars as pl
import pytest

from recsys_dagster.demo import DemoConfig
from recsys_dagster.demo.genres import FEATURES, GENRES
from recsys_dagster.demo.world import World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(DemoConfig(), np.random.default_rng(3))


@pytest.mark.slow
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_feature_keeps_its_bounds_and_varies(features: pl.DataFrame, feature: object) -> None:
    assert isinstance(feature, type(FEATURES[0]))
    column = features[feature.name]
    assert column.is_between(feature.low, feature.high).all()
    assert column.n_unique() > 200


def test_the_musical_columns_are_whole_numbers_in_bounds(features: pl.DataFrame) -> None:
    assert set(features["key"].unique()) == set(range(12))
    assert set(features["mode"].unique()) == {0, 1}
    assert set(features["time_signature"].drop_nulls().unique()) == {3, 4, 5}
    assert features["duration_ms"].dtype == pl.Int64


def test_a_few_time_signatures_are_missing_and_nothing_else(features: pl.DataFrame) -> None:
    missing = features.null_count()
    assert 1 <= missing["time_signature"].item() <= 100
    assert missing.drop("time_signature").sum_horizontal().item() == 0


def test_genres_differ_in_sound(world: World) -> None:
    genre = world.artist_genre[world.song_artist]
    sound = world.sound.standard
    means = np.array([sound[genre == g].mean(axis=0) for g in range(len(GENRES))])
    share = np.bincount(genre) / len(genre)
    between = share @ means**2
    assert between.mean() > 0.3
    assert between.max() < 0.95


def test_songs_of_an_artist_sound_alike_beyond_the_genre(world: World) -> None:
    genre = world.artist_genre[world.song_artist]
    artist = world.song_artist
    by_artist = _variance_within(world.sound.standard, artist)
    by_genre = _variance_within(world.sound.standard, genre)
    assert by_artist < 0.85 * by_genre


def test_the_hidden_scene_cannot_be_heard(world: World) -> None:
    both = np.corrcoef(world.scene.T, world.sound.standard.T)
    across = both[: world.scene.shape[1], world.scene.shape[1] :]
    assert np.abs(across).max() < 0.3


def _variance_within(values: np.ndarray, group: np.ndarray) -> float:
    sizes = np.bincount(group)
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, group, values)
    return float(((values - (sums / sizes[:, None])[group]) ** 2).mean())
