import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.errors import RecsysError
from recsys_dagster.evaluation.song_map import SongMap, make_song_map
from recsys_dagster.models.arrays import Float64Array
from recsys_dagster.models.knn.space import FeatureSpace
from recsys_dagster_tests.evaluation.sounds import sounds


def mapped(features: Float64Array) -> SongMap:
    return make_song_map(np.arange(len(features)) + 100, features, FEATURES)


def column(features: Float64Array, name: str) -> Float64Array:
    return features[:, FEATURES.index(name)]


def test_axes_say_what_was_put_in() -> None:
    axes = mapped(sounds(500)).axes
    ends = [(set(axis.low.split(", ")), set(axis.high.split(", "))) for axis in axes]
    assert ends == [
        ({"calm", "acoustic", "quiet"}, {"energetic", "electric", "loud"}),
        ({"sad", "not danceable"}, {"happy", "danceable"}),
    ]


def test_energy_points_right_and_happiness_up() -> None:
    features = sounds(500)
    found = mapped(features)
    assert np.corrcoef(found.x, column(features, "energy"))[0, 1] > 0.8
    assert np.corrcoef(found.y, column(features, "valence"))[0, 1] > 0.8
    # Whatever is reversed, the map is not: what is called energy stays on the right.
    swapped = features.copy()
    for name in ("energy", "valence"):
        column(swapped, name)[:] = 1 - column(features, name)
    column(swapped, "loudness")[:] *= -1
    column(swapped, "danceability")[:] = 1 - column(features, "danceability")
    again = mapped(swapped)
    assert np.corrcoef(again.x, column(swapped, "energy"))[0, 1] > 0.8
    assert np.corrcoef(again.y, column(swapped, "valence"))[0, 1] > 0.8


def test_the_same_songs_give_the_same_bytes(tmp_path: Path) -> None:
    features = sounds(300, missing=0.1)
    for name in "ab":
        mapped(features.copy()).write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert mapped(features).to_dict() == mapped(features.copy()).to_dict()


def test_the_order_of_the_songs_does_not_move_them() -> None:
    features, ids = sounds(300), np.arange(300)
    order = np.random.default_rng(1).permutation(300)
    straight = make_song_map(ids, features, FEATURES)
    shuffled = make_song_map(ids[order], features[order], FEATURES)
    assert shuffled.song_ids.tolist() == order.tolist()
    np.testing.assert_allclose(shuffled.x, straight.x[order], atol=0.002)
    np.testing.assert_allclose(shuffled.y, straight.y[order], atol=0.002)


def test_the_table_has_the_songs_with_audio(tmp_path: Path) -> None:
    features = sounds(50)
    features[7] = np.nan
    features[9, :6] = np.nan  # 7 features are too few
    features[11, :5] = np.nan
    found = mapped(features)
    found.write(tmp_path / "song_map.parquet")
    table = pl.read_parquet(tmp_path / "song_map.parquet")
    assert table.schema == {"song_id": pl.Int32, "x": pl.Float32, "y": pl.Float32}
    assert table["song_id"].to_list() == [100 + n for n in range(50) if n not in (7, 9)]
    assert table.select(pl.col("x", "y").is_finite().all()).row(0) == (True, True)
    assert (len(found.song_ids), found.left_out) == (48, 2)


def test_distances_are_those_of_the_plane_of_greatest_variance() -> None:
    features = sounds(200)
    found = mapped(features)
    points = FeatureSpace.fit(features, FEATURES).transform(features).astype(np.float64)
    points -= points.mean(axis=0)
    left, sizes, _ = np.linalg.svd(points, full_matrices=False)
    plane = left[:, :2] * sizes[:2]
    ours = np.hypot(found.x - found.x[0], found.y - found.y[0])
    theirs = np.hypot(*(plane - plane[0]).T)
    np.testing.assert_allclose(ours, theirs, atol=0.003)
    share = (sizes[:2] ** 2).sum() / (sizes**2).sum()
    assert sum(axis.share for axis in found.axes) == pytest.approx(share)


@pytest.mark.parametrize("features", [
    pytest.param(np.empty((0, 13)), id="no songs"),
    pytest.param(sounds(2), id="two songs"),
    pytest.param(np.full((20, 13), np.nan), id="all missing"),
    pytest.param(sounds(20, missing=0.9), id="too much missing"),
    pytest.param(np.repeat(sounds(1), 20, axis=0), id="all the same"),
    pytest.param(np.repeat(sounds(2), 10, axis=0), id="two points"),
])  # fmt: skip
def test_no_map_has_a_reason(features: Float64Array, tmp_path: Path) -> None:
    found = mapped(features)
    assert found.reason is not None
    assert found.reason.startswith("A map needs")
    assert len(found.x) == len(found.y) == len(found.song_ids) == len(found.axes) == 0
    found.write(tmp_path / "song_map.parquet")
    assert pl.read_parquet(tmp_path / "song_map.parquet").columns == ["song_id", "x", "y"]


@pytest.mark.parametrize("songs", [3, 40])
def test_what_is_said_of_a_map_is_json(songs: int) -> None:
    said = mapped(sounds(songs)).to_dict()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert (said["songs"], said["reason"], len(said["axes"])) == (songs, None, 2)


def test_ids_and_features_must_fit() -> None:
    with pytest.raises(RecsysError, match="2 song ids and 3 rows"):
        make_song_map(np.arange(2), sounds(3), FEATURES)
