import json

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.knn.space import KEY_WEIGHT, MIN_FEATURES, FeatureSpace
from recsys_dagster_tests.models.checkerboard import COLUMNS, features

KEY, TEMPO, DURATION = (COLUMNS.index(name) for name in ("key", "tempo", "duration_ms"))


@pytest.fixture
def space() -> FeatureSpace:
    return FeatureSpace.fit(features(np.random.default_rng(0)), COLUMNS)


def test_columns_but_the_key_are_standardised(space: FeatureSpace) -> None:
    points = space.transform(features(np.random.default_rng(0)))
    assert points.shape == (40, space.dimensions) == (40, 14)
    assert points.dtype == np.float32
    plain = np.delete(points, [KEY, KEY + 1], axis=1)
    np.testing.assert_allclose(plain.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(plain.std(axis=0), 1, atol=1e-5)


def test_the_key_is_a_circle(space: FeatureSpace) -> None:
    songs = np.tile(features(np.random.default_rng(0))[:1], (12, 1))
    songs[:, KEY] = np.arange(12)
    points = space.transform(songs).astype(np.float64)
    far = np.linalg.norm(points - points[0], axis=1)
    np.testing.assert_allclose(far[1:], far[:0:-1], atol=1e-6)
    assert (np.diff(far[:7]) > 0).all()
    assert far[6] == pytest.approx(2 * KEY_WEIGHT, rel=1e-5)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    assert unit[11] @ unit[0] == pytest.approx(unit[1] @ unit[0], abs=1e-6)


def test_twice_as_fast_is_one_step_anywhere(space: FeatureSpace) -> None:
    songs = np.tile(features(np.random.default_rng(0))[:1], (3, 1))
    for column, start in ((TEMPO, 60.0), (DURATION, 100_000.0)):
        songs[:, column] = start * np.array([1, 2, 4])
        place = column + (column > KEY)
        steps = np.diff(space.transform(songs)[:, place])
        assert steps[0] == pytest.approx(steps[1], rel=1e-4)
        assert steps[0] > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("energy", np.nan), ("loudness", np.inf), ("tempo", 0), ("duration_ms", -1), ("key", -1)],
)
def test_missing_values_are_in_the_middle(space: FeatureSpace, name: str, value: float) -> None:
    songs = features(np.random.default_rng(0))
    songs[:, COLUMNS.index(name)] = value
    points = space.transform(songs)
    assert np.isfinite(points).all()
    place = COLUMNS.index(name) + (COLUMNS.index(name) > KEY)
    assert not points[:, place : place + (2 if name == "key" else 1)].any()


def test_missing_values_do_not_move_the_fit() -> None:
    whole = features(np.random.default_rng(0))
    holes = np.vstack([whole, np.full((10, 13), np.nan)])
    one, other = FeatureSpace.fit(whole, COLUMNS), FeatureSpace.fit(holes, COLUMNS)
    np.testing.assert_allclose(one.means, other.means)
    np.testing.assert_allclose(one.scales, other.scales)


@pytest.mark.parametrize("filling", [0.1, np.nan, 0.0])
def test_columns_without_variety_become_zero(filling: float) -> None:
    songs = np.full((7, 13), filling)
    points = FeatureSpace.fit(songs, COLUMNS).transform(songs)
    np.testing.assert_allclose(np.delete(points, [KEY, KEY + 1], axis=1), 0, atol=1e-6)
    assert np.isfinite(points).all()


def test_no_songs_make_a_space_too() -> None:
    space = FeatureSpace.fit(np.zeros((0, 13)), COLUMNS)
    assert space.transform(np.zeros((0, 13))).shape == (0, 14)


def test_a_song_is_usable_from_eight_features_on(space: FeatureSpace) -> None:
    songs = np.tile(features(np.random.default_rng(0))[:1], (14, 1))
    for present in range(14):
        songs[present, present:] = np.nan
    assert space.usable(songs).tolist() == [present >= MIN_FEATURES for present in range(14)]


def test_json_round_trip(space: FeatureSpace) -> None:
    assert FeatureSpace.from_dict(json.loads(json.dumps(space.to_dict()))) == space


def test_wrong_shapes_names_and_data_are_refused(space: FeatureSpace) -> None:
    with pytest.raises(RecsysError, match=r"13 columns; got shape \(2, 12\)"):
        space.transform(np.zeros((2, 12)))
    with pytest.raises(RecsysError, match="names must differ"):
        FeatureSpace.fit(np.zeros((2, 2)), ["key", "key"])
    with pytest.raises(RecsysError, match="incomplete: KeyError"):
        FeatureSpace.from_dict({"columns": []})
    with pytest.raises(RecsysError, match="1 columns, 0 means"):
        FeatureSpace.from_dict({"columns": ["key"], "means": [], "scales": []})
