from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.evaluation.cases import (
    SEEDS,
    Case,
    cold_cases,
    known_cases,
    stranger_cases,
)
from recsys_dagster.evaluation.split import Split, make_split
from recsys_dagster_tests.evaluation.test_split import named, splits

SEED_COUNTS = st.sampled_from(SEEDS)
NOTHING = np.empty(0, np.int64)


def plays_of(split: Split, listener: int, when: str) -> dict[int, int]:
    """Songs and plays of a listener, `early` or `late`; those without any are left out."""
    mine = split.users == listener
    pairs = zip(split.songs[mine].tolist(), getattr(split, when)[mine].tolist(), strict=True)
    return {song: plays for song, plays in pairs if plays}


def best(plays: dict[int, int]) -> list[int]:
    return sorted(plays, key=lambda song: (-plays[song], song))


def check_sound(split: Split, cases: list[Case]) -> None:
    for case in cases:
        assert len(case.relevant) == len(set(case.relevant.tolist())) > 0
        assert len(case.query.seeds) > 0
        assert not np.isin(case.relevant, case.query.unwanted).any()
        assert case.group == split.group[case.listener]
    asked = [case.listener for case in cases]
    assert len(asked) == len(set(asked))


@given(splits(), SEED_COUNTS)
def test_strangers_reveal_what_they_played_most_before_the_cut(split: Split, seeds: int) -> None:
    cases = stranger_cases(split, seeds)
    check_sound(split, cases)
    for case in cases:
        before = plays_of(split, case.listener, "early")
        assert case.query.seeds.tolist() == best(before)[:seeds]
        assert case.query.ratings is None
        assert len(case.query.exclude) == 0
        assert case.fold == split.fold[case.listener]
        after = plays_of(split, case.listener, "late") if split.timed else before
        assert set(case.relevant.tolist()) == set(after) - set(case.query.seeds.tolist())


@given(splits(), SEED_COUNTS)
def test_only_who_has_seeds_and_answers_is_asked(split: Split, seeds: int) -> None:
    expected = {
        listener
        for listener in range(len(split.fold))
        if (before := plays_of(split, listener, "early"))
        and set(plays_of(split, listener, "late") if split.timed else before)
        - set(best(before)[:seeds])
    }
    assert {case.listener for case in stranger_cases(split, seeds)} == expected


@given(splits())
def test_without_times_the_answers_are_the_rest(split: Split) -> None:
    untimed = replace(split, early=split.early + split.late, late=split.late * 0)
    cases = stranger_cases(untimed, 3)
    for case in cases:
        played = set(plays_of(untimed, case.listener, "early"))
        assert {*case.query.seeds.tolist(), *case.relevant.tolist()} == played
    asked = {case.listener for case in cases}
    counts = np.bincount(untimed.users, minlength=len(split.fold))
    assert asked == set(np.flatnonzero(counts > 3).tolist())
    assert known_cases(untimed) == []


@given(splits())
def test_listeners_of_some_folds_can_be_asked_alone(split: Split) -> None:
    everyone = [case.listener for case in stranger_cases(split, 5)]
    some = stranger_cases(split, 5, folds=2)
    assert {case.fold for case in some} <= {0, 1}
    assert [case.listener for case in some] == everyone[: len(some)]


@given(splits())
def test_known_listeners_are_asked_for_new_songs_alone(split: Split) -> None:
    cases = known_cases(split)
    check_sound(split, cases)
    for case in cases:
        early, late = (plays_of(split, case.listener, when) for when in ("early", "late"))
        assert case.query.seeds.tolist() == best(early)
        assert case.query.ratings is not None
        expected = [np.log1p(early[song]) for song in case.query.seeds.tolist()]
        assert case.query.ratings == pytest.approx(expected, rel=1e-6)
        assert set(case.relevant.tolist()) == set(late) - set(early)
        assert split.fold[case.listener] != case.fold == 0


@pytest.mark.slow
def test_of_many_known_listeners_the_same_sample_is_asked_each_time(split: Split) -> None:
    everyone = [case.listener for case in known_cases(split)]
    drawn = [case.listener for case in known_cases(split, most=7)]
    assert drawn == [case.listener for case in known_cases(split, most=7)] == sorted(drawn)
    assert len(drawn) == 7 < len(everyone)
    assert set(drawn) < set(everyone)
    assert drawn != everyone[:7]


@given(splits(), st.sets(st.integers(0, 8)), st.sets(st.integers(0, 8)), SEED_COUNTS)
def test_no_hidden_song_is_revealed_and_all_answers_are_hidden(
    split: Split, hidden: set[int], silent: set[int], seeds: int
) -> None:
    unseen, heard = (np.isin(np.arange(9), list(one)) for one in (hidden, hidden - silent))
    cases = cold_cases(split, unseen, heard, seeds)
    check_sound(split, cases)
    for case in cases:
        early, late = (plays_of(split, case.listener, when) for when in ("early", "late"))
        kept = {song: plays for song, plays in early.items() if song not in hidden}
        assert case.query.seeds.tolist() == best(kept)[:seeds]
        assert set(case.relevant.tolist()) == {*early, *late} & (hidden - silent)
        assert split.fold[case.listener] == case.fold == 0


@given(splits(), SEED_COUNTS)
def test_all_hidden_songs_are_to_be_found_by_default(split: Split, seeds: int) -> None:
    hidden = np.arange(9) % 3 == 0
    first, second = (cold_cases(split, hidden, one, seeds) for one in (None, hidden))
    assert [one.relevant.tolist() for one in first] == [one.relevant.tolist() for one in second]


@pytest.mark.parametrize("timed", [True, False])
def test_a_single_listener_is_only_asked_as_a_known_one(timed: bool) -> None:
    early = np.array([3, 0, 1, 2]) if timed else np.full(4, 3)
    alone = make_split(np.zeros(4, np.int64), np.arange(4), np.full(4, 3), early, ["me"])
    assert stranger_cases(alone, 5) == []
    assert cold_cases(alone, np.ones(4, bool)) == []
    known = known_cases(alone)
    assert [case.relevant.tolist() for case in known] == ([[1]] if timed else [])


def test_nobody_is_asked_where_nobody_listens() -> None:
    for names in ([], named(3)):
        none = make_split(NOTHING, NOTHING, NOTHING, NOTHING, names)
        assert stranger_cases(none, 5) == known_cases(none) == []
        assert cold_cases(none, np.zeros(0, bool)) == []
