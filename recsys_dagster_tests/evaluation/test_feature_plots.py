import doctest
from typing import Any

import numpy as np
import pytest

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.evaluation import feature_plots
from recsys_dagster.evaluation.feature_plots import plot_correlations, plot_distributions
from recsys_dagster.evaluation.feature_summary import feature_summary
from recsys_dagster_tests.evaluation.images import shown
from recsys_dagster_tests.evaluation.sounds import noise, sounds

pytestmark = pytest.mark.slow

PLAYED = feature_summary(sounds(400, missing=0.1), FEATURES, np.arange(400))
UNPLAYED = feature_summary(sounds(400), FEATURES)
SILENT = feature_summary(np.full((5, 13), np.nan), FEATURES)
NONE = feature_summary(np.empty((0, 13)), FEATURES)


def test_the_examples_run() -> None:
    found = doctest.testmod(feature_plots)
    assert (found.failed, found.attempted) == (0, 1)


def test_distributions_say_what_is_seen() -> None:
    said = shown(plot_distributions(PLAYED))
    assert said.startswith("Distributions of the audio features by share of songs and of plays;")
    middle = PLAYED["features"]["energy"]["quantiles"]["50"]
    assert f"energy {middle:.3g}" in said
    assert "duration (minutes) 4." in said
    assert "key" not in said
    assert "by share of songs;" in shown(plot_distributions(UNPLAYED))


def test_correlations_say_what_is_seen() -> None:
    said = shown(plot_correlations(UNPLAYED))
    assert "energy and loudness +0.9" in said
    assert "energy and acousticness -0.9" in said
    assert "acousticness and loudness -0.9" in said


@pytest.mark.parametrize("summary", [
    pytest.param(SILENT, id="all missing"),
    pytest.param(NONE, id="no songs"),
])  # fmt: skip
def test_plots_of_nothing_say_so(summary: dict[str, Any]) -> None:
    assert shown(plot_distributions(summary)).endswith("no song has any")
    assert shown(plot_correlations(summary)).endswith("none can be measured")


@pytest.mark.parametrize("songs", [3, 30_000])
def test_noise_is_small_too(songs: int) -> None:
    features = noise(songs)
    summary = feature_summary(features, FEATURES, np.arange(songs))
    shown(plot_distributions(summary))
    shown(plot_correlations(summary))


def test_the_same_figures_give_the_same_image() -> None:
    again = feature_summary(sounds(400, missing=0.1), FEATURES, np.arange(400))
    assert plot_distributions(again) == plot_distributions(PLAYED)
