"""The source "same artist" against a slow search of the whole catalogue."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.recommend.sources import Query
from recsys_dagster.recommend.sources.artists import ARTISTS, Artists

SONGS = 40
RNG = np.random.default_rng(3)
WHOSE = RNG.integers(0, 9, SONGS)
PLAYS = RNG.integers(0, 6, SONGS)
AVAILABLE = (PLAYS > 0) & (np.arange(SONGS) % 7 != 3)

songs = st.integers(0, SONGS - 1)


@pytest.fixture(scope="module")
def source() -> Artists:
    return Artists(WHOSE, PLAYS, AVAILABLE)


def slowly(seeds: list[int], exclude: list[int], n: int) -> list[tuple[int, float]]:
    counted = seeds[:ARTISTS]
    found = []
    for song in range(SONGS):
        share = sum(WHOSE[seed] == WHOSE[song] for seed in counted) / max(len(counted), 1)
        if share and AVAILABLE[song] and song not in seeds and song not in exclude:
            found.append((-share, -PLAYS[song], song))
    return [(song, -share) for share, _, song in sorted(found)[:n]]


@given(
    seeds=st.lists(songs, max_size=30, unique=True), exclude=st.lists(songs, max_size=9),
    n=st.sampled_from([0, 1, 3, 100]),
)  # fmt: skip
def test_candidates_are_those_of_a_slow_search(
    source: Artists, seeds: list[int], exclude: list[int], n: int
) -> None:
    query = Query(np.array(seeds, np.int64), exclude=np.array(exclude, np.int64))
    found, expected = source.candidates(query, n), slowly(seeds, exclude, n)
    assert found.ids.tolist() == [song for song, _ in expected]
    assert found.scores.tolist() == pytest.approx([share for _, share in expected])
    assert (str(found.ids.dtype), str(found.scores.dtype)) == ("int64", "float32")


def test_the_artist_of_more_seeds_comes_first() -> None:
    source = Artists(np.array([0, 0, 0, 1, 1]), np.array([5, 5, 1, 9, 9]), np.ones(5, bool))
    found = source.candidates(Query(np.array([0, 1, 3])), 10)
    assert found.ids.tolist() == [2, 4]
    np.testing.assert_allclose(found.scores, [2 / 3, 1 / 3])


def test_of_a_history_the_first_songs_count() -> None:
    whose = np.repeat(np.arange(ARTISTS + 5), 2)
    source = Artists(whose, np.ones(len(whose), int), np.ones(len(whose), bool))
    found = source.candidates(Query(np.arange(0, len(whose), 2)), 1000)
    assert found.ids.tolist() == list(range(1, 2 * ARTISTS, 2))


@given(seeds=st.lists(songs, max_size=5), ids=st.lists(songs, max_size=9))
def test_each_seed_of_the_same_artist_speaks_for_a_song(
    source: Artists, seeds: list[int], ids: list[int]
) -> None:
    query = Query(np.array(seeds, np.int64))
    found = source.contributions(query, np.array(ids, np.int64))
    assert found.shape == (len(ids), len(seeds))
    expected = [[float(WHOSE[song] == WHOSE[seed]) for seed in seeds] for song in ids]
    assert found.tolist() == expected
