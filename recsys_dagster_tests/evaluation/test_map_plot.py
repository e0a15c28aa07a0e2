from typing import Any

import numpy as np
import pytest

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.evaluation.map_plot import plot_map
from recsys_dagster.evaluation.song_map import SongMap, make_song_map
from recsys_dagster.models.arrays import Float64Array
from recsys_dagster_tests.evaluation.images import shown
from recsys_dagster_tests.evaluation.sounds import noise, sounds


def mapped(features: Float64Array) -> SongMap:
    return make_song_map(np.arange(len(features)), features, FEATURES)


@pytest.mark.slow
def test_the_map_says_what_is_seen() -> None:
    features = sounds(400)
    features[:10] = np.nan
    said = shown(plot_map(mapped(features), np.arange(390)))
    assert said.startswith("Song map of 390 songs and the 100 most played; left to right: ")
    assert "energetic" in said.split("upwards")[0].split("↔")[1]
    assert "happy" in said.split("upwards")[1].split("↔")[1]


@pytest.mark.slow
@pytest.mark.parametrize("plays", [None, np.zeros(400, dtype=int)])
def test_a_map_without_plays(plays: Any) -> None:
    assert "played" not in shown(plot_map(mapped(sounds(400)), plays))


def test_no_map_is_its_reason() -> None:
    nothing = mapped(np.full((5, 13), np.nan))
    assert plot_map(nothing, np.empty(0)) == nothing.reason


@pytest.mark.slow
@pytest.mark.parametrize("songs", [3, 30_000])
def test_noise_is_small_too(songs: int) -> None:
    shown(plot_map(mapped(noise(songs)), np.arange(songs)))


@pytest.mark.slow
def test_the_same_map_gives_the_same_image() -> None:
    first, second = (plot_map(mapped(sounds(400)), np.arange(400)) for _ in range(2))
    assert first == second
