import json
from typing import Any

import numpy as np
import pytest

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.evaluation.feature_summary import correlations, feature_summary
from recsys_dagster_tests.evaluation.sounds import sounds

PLAYS = np.arange(400) % 7


def test_it_is_json_and_the_same_each_time() -> None:
    features = sounds(400, missing=0.1)
    found = feature_summary(features, FEATURES, PLAYS)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert feature_summary(features.copy(), FEATURES, PLAYS) == found
    assert tuple(found["features"]) == FEATURES
    assert found["songs"] == 400


def test_gaps_are_counted_and_left_out_of_the_rest() -> None:
    features = sounds(100)
    features[:25, FEATURES.index("valence")] = np.nan
    found = feature_summary(features, FEATURES)["features"]
    assert (found["valence"]["missing"], found["energy"]["missing"]) == (0.25, 0)
    rest = feature_summary(features[25:], FEATURES)["features"]
    assert found["valence"] | {"missing": 0} == rest["valence"]


def test_quantiles() -> None:
    features = sounds(101)
    features[:, FEATURES.index("tempo")] = np.arange(100, 201)
    quantiles = feature_summary(features, FEATURES)["features"]["tempo"]["quantiles"]
    assert quantiles == {"0": 100, "5": 105, "25": 125, "50": 150, "75": 175, "95": 195, "100": 200}


def test_shares_add_up() -> None:
    for name, row in feature_summary(sounds(400), FEATURES, PLAYS)["features"].items():
        assert len(row["edges"]) == len(row["catalogue"]) + 1 == len(row["plays"]) + 1
        assert row["edges"] == sorted(set(row["edges"]))
        least = 0.98 if name in {"tempo", "loudness", "duration_ms"} else 0.998
        assert least <= sum(row["catalogue"]) <= 1.002
        assert least - 0.02 <= sum(row["plays"]) <= 1.002


def test_whole_numbers_have_a_bin_each() -> None:
    features = sounds(400)
    mode = features[:, FEATURES.index("mode")]
    row = feature_summary(features, FEATURES)["features"]["mode"]
    assert row["edges"] == [-0.5, 0.5, 1.5]
    assert row["catalogue"] == [
        pytest.approx(share, abs=1e-4) for share in (1 - mode.mean(), mode.mean())
    ]
    assert len(feature_summary(features, FEATURES)["features"]["key"]["catalogue"]) == 12


def test_plays_weigh_the_songs() -> None:
    features = sounds(400)
    plays = np.where(features[:, FEATURES.index("mode")] == 1, 3, 0)
    row = feature_summary(features, FEATURES, plays)["features"]["mode"]
    assert row["plays"] == [0, 1]
    # As many songs as plays by another route.
    repeated = feature_summary(np.repeat(features, PLAYS, axis=0), FEATURES)["features"]["key"]
    assert (
        feature_summary(features, FEATURES, PLAYS)["features"]["key"]["plays"]
        == repeated["catalogue"]
    )


@pytest.mark.parametrize("plays", [None, np.zeros(400, dtype=int)])
def test_without_plays_nothing_is_said_of_them(plays: Any) -> None:
    found = feature_summary(sounds(400), FEATURES, plays)["features"]
    assert {row["plays"] for row in found.values()} == {None}


@pytest.mark.parametrize("songs", [0, 5])
def test_a_feature_that_no_song_has(songs: int) -> None:
    found = feature_summary(np.full((songs, 13), np.nan), FEATURES, np.ones(songs))
    row = found["features"]["tempo"]
    assert row["missing"] == (1 if songs else None)
    assert set(row["quantiles"].values()) == {None}
    assert (row["edges"], row["catalogue"], row["plays"]) == ([], [], None)
    assert {value for line in found["correlations"]["matrix"] for value in line} == {None}


def test_one_song_has_a_histogram_and_no_correlation() -> None:
    found = feature_summary(sounds(1), FEATURES)
    assert all(sum(row["catalogue"]) == 1 for row in found["features"].values())
    assert {value for line in found["correlations"]["matrix"] for value in line} == {None}


def test_a_circle_has_no_correlation() -> None:
    found = feature_summary(sounds(50), FEATURES)["correlations"]
    assert found["names"] == [name for name in FEATURES if name != "key"]
    assert np.array(found["matrix"]).shape == (12, 12)


def test_correlations_are_those_of_the_common_rows() -> None:
    features = sounds(300, missing=0.3)
    features[:, 5] = 0.5
    found = correlations(features)
    for first in range(13):
        for second in range(13):
            rows = np.isfinite(features[:, [first, second]]).all(axis=1)
            if 5 in (first, second):
                assert np.isnan(found[first, second])
            else:
                pair = np.corrcoef(features[rows, first], features[rows, second])
                assert found[first, second] == pytest.approx(pair[0, 1], abs=1e-9)
