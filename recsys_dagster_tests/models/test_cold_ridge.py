"""The ridge with artist offsets against one dense system, and what missing audio becomes."""

from typing import Any

import numpy as np
import pytest

from recsys_dagster.models.arrays import Float32Array, Float64Array, IntArray
from recsys_dagster.models.cold_ridge import ArtistRidge, Songs, has_audio, regressors_of

SONGS, ARTISTS, FEATURES, COLUMNS = 80, 9, 3, 5
ALPHA, LAMBDA = 1.5, 0.7


def made_up() -> tuple[Songs, Float32Array, Float64Array]:
    rng = np.random.default_rng(4)
    artists = rng.integers(-1, ARTISTS, size=SONGS)
    audio = rng.standard_normal((SONGS, FEATURES)).astype(np.float32)
    rows = rng.standard_normal((SONGS, COLUMNS)).astype(np.float32)
    weights = rng.random(SONGS) * (rng.random(SONGS) < 0.8)
    return Songs.of(artists, audio), rows, weights


def fitted() -> ArtistRidge:
    return ArtistRidge.fit(*made_up(), shrinkage=ALPHA, regularisation=LAMBDA)


def dense() -> tuple[Float64Array, Float64Array]:
    """W and a from one system with a column for each artist."""
    songs, rows, weights = made_up()
    regressors = regressors_of(songs.audio)
    whose = (songs.artists[:, None] == np.arange(songs.n_artists - 1)).astype(float)
    columns = np.hstack([regressors, whose])
    ridge = np.diag([0.0] + [LAMBDA] * (regressors.shape[1] - 1) + [ALPHA] * whose.shape[1])
    weighted = columns.T * weights
    solved: Any = np.linalg.solve(weighted @ columns + ridge, weighted @ rows)
    return solved[: regressors.shape[1]], solved[regressors.shape[1] :]


def test_it_is_the_dense_system() -> None:
    model = fitted()
    coefficients, offsets = dense()
    np.testing.assert_allclose(model.coefficients, coefficients, atol=1e-6)
    found = model.residuals / (model.weights + ALPHA)[:, None]
    np.testing.assert_allclose(found[:-1], offsets, atol=1e-6)


def test_a_prediction_takes_the_offset_of_the_artists_other_songs() -> None:
    songs, rows, weights = made_up()
    predicted = fitted().predict(songs, rows, weights)
    base = regressors_of(songs.audio) @ fitted().coefficients
    for song, artist in enumerate(songs.artists):
        others = np.flatnonzero((songs.artists == artist) & (np.arange(SONGS) != song))
        offset = weights[others] @ (rows - base)[others] / (weights[others].sum() + ALPHA)
        expected = base[song] + (offset if artist >= 0 else 0)
        np.testing.assert_allclose(predicted[song], expected, atol=1e-5)


def test_the_regressors_are_one_the_audio_and_its_products() -> None:
    audio = np.array([[2, 3]], np.float32)
    assert regressors_of(audio).tolist() == [[1, 2, 3, 8, 12, 18]]


def filled(artists: list[int], audio: list[list[float]]) -> list[list[float]]:
    found = Songs.of(np.array(artists), np.array(audio, np.float32))
    return [[float(cell) for cell in row] for row in found.audio]


def test_missing_audio_is_the_mean_of_the_artist_and_one_song_of_the_mean() -> None:
    nan = float("nan")
    # The catalogue's mean is (3, 0); artist 1 has (5, 0) and (4, 0), artist 0 nothing heard.
    audio: list[list[float]] = [[nan, nan], [5, 0], [4, 0], [nan, nan], [0, 0], [nan, 1]]
    expected = [[3, 0], [5, 0], [4, 0], [4, 0], [0, 0], [3, 0]]
    assert filled([0, 1, 1, 1, -1, -1], audio) == expected


def test_where_nothing_is_heard_audio_is_0() -> None:
    nan = float("nan")
    assert filled([0, -1], [[nan], [nan]]) == [[0], [0]]


@pytest.mark.parametrize("features", [0, 2])
def test_no_features_at_all_are_no_audio(features: int) -> None:
    audio = np.zeros((3, features), np.float32)
    assert has_audio(audio).tolist() == [features > 0] * 3


def test_nothing_to_learn_from_predicts_0() -> None:
    songs, rows, _ = made_up()
    nothing = np.zeros(SONGS)
    model = ArtistRidge.fit(songs, rows, nothing, shrinkage=ALPHA, regularisation=LAMBDA)
    predicted: Float32Array = model.predict(songs, rows, nothing)
    assert not predicted.any()


def test_there_may_be_no_songs() -> None:
    none: IntArray = np.zeros(0, np.int64)
    songs = Songs.of(none, np.zeros((0, FEATURES), np.float32))
    rows, weights = np.zeros((0, COLUMNS), np.float32), np.zeros(0)
    model = ArtistRidge.fit(songs, rows, weights, shrinkage=ALPHA, regularisation=LAMBDA)
    assert model.predict(songs, rows, weights).shape == (0, COLUMNS)
