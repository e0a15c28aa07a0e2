from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.recommend import Recommender
from recsys_dagster.recommend.packing import pack, unpack
from recsys_dagster.recommend.placing import Places
from recsys_dagster_tests import worlds


def placed(ids: list[int]) -> Places:
    rng = np.random.default_rng(0)
    return Places(np.array(sorted(ids), np.int32), rng.random((len(ids), 2)).astype(np.float32))


def test_places_come_with_a_release(world: worlds.World, tmp_path: Path) -> None:
    table = pl.DataFrame({"song_id": [5, 2], "x": [1.5, -2.0], "y": [0.25, 3.0]})
    pack(tmp_path, replace(world.parts, places=Places.of(table)), {})
    found = Recommender(unpack(tmp_path), worlds.RELEASE).places
    assert found is not None
    assert found.song_ids.tolist() == [2, 5]
    assert found.points.tolist() == [[-2.0, 3.0], [1.5, 0.25]]
    assert Recommender(world.parts, worlds.RELEASE).places is None


IDS = st.sets(st.integers(0, 10_000_000), min_size=1, max_size=80)


@given(ids=IDS, most=st.integers(1, 90), wanted=IDS)
def test_a_sample_has_what_must_be_in_it_and_no_more(
    ids: set[int], most: int, wanted: set[int]
) -> None:
    places = placed(list(ids))
    rows = places.sample(most, np.array(list(wanted)))
    shown = set(places.song_ids[rows].tolist())
    assert wanted & ids <= shown <= ids
    assert len(shown) >= min(most, len(ids))
    assert len(shown - wanted) <= most
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert rows.tolist() == placed(list(ids)).sample(most, np.array(list(wanted))).tolist()


def test_a_map_that_grows_keeps_most_of_its_sample() -> None:
    none = np.empty(0, np.int32)
    small, big = placed(list(range(1000))), placed(list(range(1100)))
    first = set(small.song_ids[small.sample(100, none)].tolist())
    second = set(big.song_ids[big.sample(100, none)].tolist())
    assert len(first & second) > 80


@given(ids=IDS, n=st.integers(0, 90))
def test_what_lies_near_is_found_nearest_first(ids: set[int], n: int) -> None:
    places = placed(list(ids))
    here = int(places.song_ids[-1])
    near = places.near(here, n)
    far = np.linalg.norm(places.points - places.points[-1], axis=1)
    expected = np.sort(far[:-1])[:n]
    assert np.allclose(far[np.searchsorted(places.song_ids, near)], expected)
    assert here not in near
    assert len(places.near(10_000_001, n)) == 0


def test_a_sample_is_spread_over_all_ids() -> None:
    rows = placed(list(range(1000))).sample(100, np.array([], np.int64))
    counts, _ = np.histogram(rows, bins=10, range=(0, 1000))
    assert counts.min() >= 8
    assert counts.max() <= 12
