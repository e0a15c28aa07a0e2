from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import BoolArray, Float32Array, Float64Array, IntArray
from recsys_dagster.models.knn import index as scanning
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster_tests.models.checkerboard import COLUMNS
from recsys_dagster_tests.tiers import examples


def songs(n: int, seed: int = 0) -> Float64Array:
    rng = np.random.default_rng(seed)
    values = rng.random((n, 13))
    values[:, COLUMNS.index("key")] = rng.integers(12, size=n)
    values[rng.random((n, 13)) < 0.05] = np.nan
    return values


def index(n: int = 300) -> KnnIndex:
    ids = np.random.default_rng(9).permutation(n) * 3
    return KnnIndex.build(ids, songs(n), COLUMNS)


@settings(max_examples=examples(20))
@given(seed=st.integers(0, 1000), k=st.integers(1, 60))
def test_equals_scikit_learn_by_brute_force(seed: int, k: int) -> None:
    built = KnnIndex.build(np.arange(50), songs(50, seed), COLUMNS)
    k = min(k, len(built))
    brute = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute")
    distances, places = brute.fit(built.vectors.T).kneighbors(built.vectors[:, :5].T)
    for song in range(5):
        ids, cosines = built.query(built.vectors[:, song], k)
        np.testing.assert_allclose(cosines, 1 - distances[song], atol=1e-5)
        assert ids.tolist() == built.song_ids[places[song]].tolist()


def test_ids_are_sorted_and_vectors_belong_to_them() -> None:
    built = index()
    assert (np.diff(built.song_ids) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(built.vectors, axis=0), 1, atol=1e-5)
    assert built.vectors.flags["C_CONTIGUOUS"]
    ids = np.random.default_rng(9).permutation(300) * 3
    song = int(built.song_ids[5])
    point = built.space.transform(songs(300)[ids == song])[0]
    np.testing.assert_allclose(built.vector([song])[0] * built.lengths[5], point, atol=1e-5)


@pytest.mark.parametrize(
    ("first", "apart"),
    [(0, 1), (0, 7), (5, 3), (-40, 1), (-10_000, 500), (0, 1_000), (2**40, 1), (0, 9)],
)
def test_positions_are_those_of_the_ids_however_far_these_lie_apart(first: int, apart: int) -> None:
    ids = first + apart * np.arange(60)
    built = KnnIndex.build(ids, songs(60), COLUMNS)
    places = {int(song): place for place, song in enumerate(built.song_ids)}
    asked = [*ids.tolist(), *(ids + 1).tolist(), first - 1, -1, 0, 2**62, int(ids[-1]) + 1]
    assert built.positions(asked).tolist() == [places.get(one, -1) for one in asked]


def test_unknown_songs_have_no_position_and_no_vector() -> None:
    built = index()
    assert built.positions([1, -5, 10**12, 2**62]).tolist() == [-1, -1, -1, -1]
    assert built.positions([]).shape == (0,)
    assert np.isnan(built.vector([1])).all()
    assert np.isnan(built.similarity([0, 1], [0, 1])).tolist() == [[False, True], [True, True]]


def test_similarity_is_what_the_query_says() -> None:
    built = index()
    ids, cosines = built.query(built.vector([6])[0], 20)
    np.testing.assert_allclose(built.similarity(ids, [6])[:, 0], cosines, atol=1e-6)
    assert ids[0] == 6
    assert cosines[0] == pytest.approx(1, abs=1e-6)


def test_excluded_songs_do_not_come_back_and_the_others_move_up() -> None:
    built = index()
    vector = built.vector([6])[0]
    ids = built.query(vector, 30)[0]
    left = built.query(vector, 27, exclude=[*ids[:3], 1])[0]
    assert left.tolist() == ids[3:].tolist()
    assert len(built.query(vector, 5, exclude=built.song_ids)[0]) == 0


def test_of_equals_the_lower_id_comes_first() -> None:
    values = np.tile(songs(4, seed=2)[:1], (101, 1))
    values[-1] = songs(4, seed=3)[0]
    ids = np.random.default_rng(0).permutation(101)
    built = KnnIndex.build(ids, values, COLUMNS)
    twins = sorted(ids[:-1].tolist())
    for k in (1, 7, 50, 100):
        assert built.query(built.vector(twins[:1])[0], k)[0].tolist() == twins[:k]


def plainly(
    built: KnnIndex, vector: Float32Array, k: int, free: BoolArray
) -> tuple[IntArray, Float32Array]:
    """All cosines, added up coordinate by coordinate, and sorted."""
    direction = vector.astype(np.float64) / np.linalg.norm(vector.astype(np.float64))
    cosines = np.zeros(len(built))
    for coordinate, row in zip(direction, built.vectors, strict=True):
        cosines += coordinate * row.astype(np.float64)
    single = np.clip(cosines, -1, 1).astype(np.float32)
    order = np.lexsort((built.song_ids, -single))
    best = order[free[order]][: max(k, 0)]
    return built.song_ids[best], single[best]


@settings(max_examples=examples(60))
@given(data=st.data(), seed=st.integers(0, 99), k=st.integers(-1, 400), block=st.integers(1, 350))
def test_the_scan_gives_what_sorting_everything_gives_byte_by_byte(
    data: st.DataObject, seed: int, k: int, block: int
) -> None:
    values = songs(300, seed)
    twins = data.draw(st.sampled_from([1, 2, 40, 300]))
    values = values[np.arange(300) // twins * twins]
    built = KnnIndex.build(np.arange(300), values, COLUMNS)
    rng = np.random.default_rng(seed)
    exclude = rng.integers(-5, 310, data.draw(st.integers(0, 400)))
    allowed = rng.random(len(built)) < data.draw(st.sampled_from([0.0, 0.1, 1.0]))
    drawn = rng.standard_normal(14, dtype=np.float32)
    # Where all songs are alike they are average in everything, and none is in the index.
    vector = built.vectors[:, 0] if len(built) and data.draw(st.booleans()) else drawn
    free = allowed & ~np.isin(built.song_ids, exclude)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "BLOCK", block)
        ids, cosines = built.query(vector, k, exclude, allowed=allowed)
    expected = plainly(built, vector, k, free)
    assert ids.tobytes() == expected[0].tobytes()
    assert cosines.tobytes() == expected[1].tobytes()
    among = np.flatnonzero(rng.random(len(built)) < 0.5)
    within = np.isin(np.arange(len(built)), among)
    some = built.query(vector, k, exclude, allowed=allowed, among=among)
    assert some[0].tolist() == plainly(built, vector, k, free & within)[0].tolist()


def test_the_mean_of_seeds_counts_lengths_and_ignores_unknown_seeds() -> None:
    built = index()
    seeds = built.song_ids[[3, 50, 120]]
    places = built.positions(seeds)
    points = built.vectors[:, places] * built.lengths[places]
    expected = built.query(points.mean(axis=1), 10)
    found = built.query(built.mean([*seeds, 1]), 10)
    assert found[0].tolist() == expected[0].tolist()
    one = built.query(built.mean(seeds[:1]), 10)
    assert one[0].tolist() == built.query(built.vector(seeds[:1])[0], 10)[0].tolist()
    assert len(built.query(built.mean([1]), 10)[0]) == 0


def test_unusable_and_average_songs_are_left_out() -> None:
    values = songs(20)
    values[4, :6] = np.nan
    built = KnnIndex.build(np.arange(20), values, COLUMNS)
    assert 4 not in built.song_ids
    average = KnnIndex.build(np.arange(3), np.full((3, 13), 0.1) + _no_key(3), COLUMNS)
    assert len(average) == 0


def _no_key(n: int) -> Float64Array:
    values = np.zeros((n, 13))
    values[:, COLUMNS.index("key")] = np.nan
    return values


@pytest.mark.parametrize("mmap", [True, False])
def test_an_index_over_no_songs_answers_nothing(tmp_path: Path, mmap: bool) -> None:
    KnnIndex.build(np.zeros(0, dtype=np.int64), np.zeros((0, 13)), COLUMNS).save(tmp_path)
    empty = KnnIndex.load(tmp_path, mmap=mmap)
    assert len(empty) == 0
    assert len(empty.query(empty.mean([1, 2]), 5)[0]) == 0
    assert len(empty.query(np.ones(14, dtype=np.float32), 5)[0]) == 0
    assert np.isnan(empty.similarity([1], [2, 3])).tolist() == [[True, True]]


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    built = index()
    built.save(tmp_path)
    loaded = KnnIndex.load(tmp_path)
    assert isinstance(loaded.vectors, np.memmap)
    assert loaded.vectors.tobytes() == built.vectors.tobytes()
    assert loaded.space == built.space


def test_wrong_input_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecsysError, match="2 song ids, 1 of them different"):
        KnnIndex.build(np.array([1, 1]), songs(2), COLUMNS)
    built = index()
    with pytest.raises(RecsysError, match=r"14 finite numbers; got shape \(3,\)"):
        built.query(np.ones(3, dtype=np.float32), 1)
    with pytest.raises(RecsysError, match="0 finite"):
        built.query(built.vector([1])[0], 1)
    with pytest.raises(RecsysError, match="cannot read"):
        KnnIndex.load(tmp_path)
    built.save(tmp_path)
    np.save(tmp_path / "lengths.npy", np.ones(2, dtype=np.float32))
    with pytest.raises(RecsysError, match="lengths is 2; expected"):
        KnnIndex.load(tmp_path)
