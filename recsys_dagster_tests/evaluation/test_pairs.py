"""Pairs of listener and song, against sets of them."""

import doctest

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.evaluation import pairs
from recsys_dagster.evaluation.pairs import NO_SONG, Pairs
from recsys_dagster_tests.tiers import examples

SONGS = st.lists(st.lists(st.integers(0, 9), unique=True, max_size=5), min_size=1, max_size=5)


def test_the_examples_run() -> None:
    found = doctest.testmod(pairs)
    assert found.failed == 0
    assert found.attempted > 0


@settings(max_examples=examples(50))
@given(wanted=SONGS, data=st.data())
def test_places_that_hold_a_song_of_the_listeners_own(
    wanted: list[list[int]], data: st.DataObject
) -> None:
    places = st.lists(st.integers(NO_SONG, 12), min_size=4, max_size=4)
    lists = data.draw(st.lists(places, min_size=len(wanted), max_size=len(wanted)))
    of = Pairs.of([np.array(one, np.int64) for one in wanted])
    assert of.stand_in(np.array(lists)).tolist() == [
        [song in own for song in row] for own, row in zip(wanted, lists, strict=True)
    ]
    assert of.counts().tolist() == [len(own) for own in wanted]


def test_some_of_the_pairs_are_still_of_all_listeners() -> None:
    of = Pairs.of([np.array([3, 1]), np.array([], np.int64), np.array([4])])
    some = of.only(np.array([False, True, False]))
    assert (some.rows.tolist(), some.songs.tolist()) == ([0], [1])
    assert some.counts().tolist() == [1, 0, 0]
    assert Pairs.of([]).counts().tolist() == []
