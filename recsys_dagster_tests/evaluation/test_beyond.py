import doctest
import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.evaluation import beyond
from recsys_dagster.evaluation.beyond import (
    BY_LISTENER,
    Catalogue,
    artist_diversity,
    catalogue_coverage,
    gini,
    intra_list_diversity,
    measure_lists,
    novelty,
)
from recsys_dagster_tests import worlds

SONGS = 12
LISTS = st.lists(st.permutations(range(SONGS)).map(lambda one: one[:5]), min_size=1, max_size=8)
ALL = np.ones(SONGS, bool)
EMPTY = np.full((2, 5), -1)


def test_the_examples_run() -> None:
    found = doctest.testmod(beyond)
    assert found.failed == 0
    assert found.attempted >= 6


@given(lists=LISTS)
def test_gini_is_the_mean_difference_of_all_pairs(lists: list[list[int]]) -> None:
    """The other definition: Σ |x_i - x_j| / (2 n² mean x)."""
    counts = np.bincount(np.ravel(lists), minlength=SONGS)
    pairs = np.abs(counts[:, None] - counts[None, :]).sum()
    assert gini(np.array(lists), ALL) == pytest.approx(pairs / (2 * SONGS**2 * counts.mean()))
    assert catalogue_coverage(np.array(lists), ALL) == len(set(np.ravel(lists))) / SONGS


def test_songs_that_may_not_be_recommended_are_not_of_the_catalogue() -> None:
    few = ALL.copy()
    few[6:] = False
    assert catalogue_coverage(np.array([[0, 1, 2]]), few) == 0.5


@given(lists=LISTS)
def test_novelty_and_artists_by_hand(lists: list[list[int]]) -> None:
    information = np.linspace(0, 3, SONGS)
    artists = np.arange(SONGS) // 3
    expected = [np.mean([information[song] for song in one]) for one in lists]
    np.testing.assert_allclose(novelty(np.array(lists), information), expected)
    different = [len({song // 3 for song in one}) / 5 for one in lists]
    np.testing.assert_allclose(artist_diversity(np.array(lists), artists), different)


def test_short_lists_are_measured_by_the_songs_that_they_hold() -> None:
    short = np.array([[0, 3, -1, -1, -1]])
    assert artist_diversity(short, np.arange(SONGS) // 3).tolist() == [1.0]
    assert novelty(short, np.arange(SONGS, dtype=float)).tolist() == [1.5]


def test_diversity_is_one_less_the_mean_cosine_of_all_pairs(world: worlds.World) -> None:
    index = world.parts.knn
    silent = next(one for one in range(120) if index.positions([one])[0] < 0)
    lists = np.array([[1, 2, 4, 7], [silent, 3, 5, -1], [silent, 3, -1, -1]])
    found = intra_list_diversity(lists, index)
    for row, songs in ((0, [1, 2, 4, 7]), (1, [3, 5])):
        vectors = index.vector(songs)
        cosines = [float(a @ b) for a, b in combinations(vectors, 2)]
        assert found[row] == pytest.approx(1 - np.mean(cosines), abs=1e-5)
    assert math.isnan(found[2])
    assert found[0] > 1.2 * intra_list_diversity(np.array([[1, 3, 5, 7]]), index)[0]


def test_what_cannot_be_measured_is_nan(world: worlds.World) -> None:
    catalogue = Catalogue(np.arange(120), world.parts.knn)
    nothing = measure_lists(EMPTY, np.zeros(120), catalogue)
    unknown = measure_lists(np.array([[1, 2, 4]]), np.zeros(120), Catalogue())
    assert set(nothing) == set(unknown) == set(BY_LISTENER)
    assert all(np.isnan(values).all() for values in nothing.values())
    assert [bool(np.isnan(unknown[name])[0]) for name in BY_LISTENER] == [False, True, True]
    assert math.isnan(gini(EMPTY, ALL))
    assert math.isnan(catalogue_coverage(EMPTY[:0], ALL))
    assert catalogue_coverage(EMPTY, ALL) == 0


def test_a_list_is_measured_by_its_first_ten(world: worlds.World) -> None:
    lists = np.random.default_rng(0).permutation(120)[None, :20]
    artists, information = np.arange(120) // 4, np.linspace(0, 3, 120)
    whole = measure_lists(lists, information, Catalogue(artists, world.parts.knn))
    first = measure_lists(lists[:, :10], information, Catalogue(artists, world.parts.knn))
    assert {name: values.tolist() for name, values in whole.items()} == {
        name: values.tolist() for name, values in first.items()
    }
