from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.listening.overlap import UNTIMED, find_repeated

Row = tuple[int, int, int]
MINUTES = st.integers(0, 4)
ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), MINUTES), max_size=24)


def repeated(
    rows: list[Row], resolution: int = 1, slack: int = 0, *, alike: bool = False
) -> list[bool]:
    """`find_repeated` for rows of song, file and time, in any order."""
    order = sorted(range(len(rows)), key=lambda at: rows[at])
    song, file, time = (np.array([rows[at][n] for at in order], np.int64) for n in range(3))
    files = np.array([(0 if alike else kind, resolution, slack) for kind in range(3)], np.int64)
    answer = dict(zip(order, find_repeated(song, file, time, files).tolist(), strict=True))
    return [answer[at] for at in range(len(rows))]


@settings(deadline=None)
@given(ROWS)
def test_with_exact_times_the_union_has_the_largest_count_of_any_file(rows: list[Row]) -> None:
    per_file = Counter(rows)
    largest: Counter[tuple[int, int]] = Counter()
    for (song, _, time), count in per_file.items():
        largest[song, time] = max(largest[song, time], count)
    left = [row for row, again in zip(rows, repeated(rows), strict=True) if not again]
    assert Counter((song, time) for song, _, time in left) == largest


@pytest.mark.slow
@settings(deadline=None)
@given(ROWS, st.integers(0, 2))
def test_no_file_loses_a_listen(rows: list[Row], slack: int) -> None:
    left = Counter(
        song for (song, _, _), again in zip(rows, repeated(rows, slack=slack), strict=True)
        if not again
    )  # fmt: skip
    for song in {song for song, _, _ in rows}:
        counts = Counter(file for one, file, _ in rows if one == song)
        assert max(counts.values()) <= left[song] <= sum(counts.values())


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.tuples(st.just(0), st.just(0), MINUTES), max_size=12))
def test_a_file_never_repeats_itself(rows: list[Row]) -> None:
    assert not any(repeated(rows, resolution=60, slack=60))


@pytest.mark.slow
def test_a_copy_with_other_rounding_is_found_whole() -> None:
    """One source has seconds, the other the minute: spans of 1 and of 60 seconds."""
    seconds = [5, 59, 130, 3_599]
    song = np.zeros(8, np.int64)
    file = np.repeat(np.array([0, 1]), 4)
    time = np.array([*seconds, *[at // 60 * 60 for at in seconds]])
    files = np.array([(0, 1, 0), (1, 60, 0)])
    assert find_repeated(song, file, time, files).tolist() == [False] * 4 + [True] * 4


def test_slack_counts_between_clocks_that_differ() -> None:
    rows = [(0, 0, 100), (0, 1, 200)]
    assert repeated(rows, slack=60) == [False, True]
    assert repeated(rows, slack=60, alike=True) == [False, False]
    assert repeated(rows, slack=40) == [False, False]


def test_listens_without_a_time_meet_each_other_alone() -> None:
    none = int(UNTIMED)
    rows = [(0, 0, none), (0, 0, none), (0, 1, none), (0, 1, 7), (0, 1, none), (0, 1, none)]
    assert sum(repeated(rows)) == 2
    assert not repeated(rows)[3]


def test_the_listens_of_three_files_are_matched_with_all_before() -> None:
    rows = [(0, 0, 10), (0, 1, 20), (0, 2, 10), (0, 2, 20), (0, 2, 30)]
    assert repeated(rows) == [False, False, True, True, False]


@settings(deadline=None)
@given(ROWS, st.integers(0, 2), st.integers(0, 2))
def test_a_file_that_is_there_already_adds_nothing(
    rows: list[Row], slack: int, copied: int
) -> None:
    """The copy is of the same kind as the file that it copies."""
    copy = [(song, 3, time) for song, file, time in rows if file == copied]
    files = [(kind, 1, slack) for kind in (0, 1, 2, copied)]
    with_copy = sorted([*rows, *copy])
    columns = [np.array([row[n] for row in with_copy], np.int64).reshape(-1) for n in range(3)]
    again = find_repeated(columns[0], columns[1], columns[2], np.array(files, np.int64))
    assert int((~again).sum()) == repeated(rows, slack=slack).count(False)
