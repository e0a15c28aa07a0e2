"""How much of what was played has changed."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.listening.drift import drift

Plays = dict[tuple[str, str], int]

PLAYS = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(1, 50), max_size=9
)


def table(plays: Plays) -> pl.LazyFrame:
    rows = [(user, song, count) for (user, song), count in plays.items()]
    schema = {"user": pl.String, "song_key": pl.String, "play_count": pl.Int64}
    return pl.LazyFrame(rows, schema=schema, orient="row")


@given(PLAYS)
def test_equal_plays_have_not_drifted(plays: Plays) -> None:
    assert drift(table(plays), table(plays)) == 0


@pytest.mark.slow
@given(PLAYS.filter(bool), PLAYS)
def test_it_is_what_came_or_went_by_listener_or_by_song(before: Plays, now: Plays) -> None:
    """The same by plain counting."""
    apart = [0, 0]
    for place in (0, 1):
        for name in {pair[place] for pair in (*before, *now)}:
            had, has = (
                sum(count for pair, count in plays.items() if pair[place] == name)
                for plays in (before, now)
            )
            apart[place] += abs(has - had)
    assert drift(table(before), table(now)) == max(apart) / sum(before.values())


def test_a_listener_who_takes_the_place_of_another_is_all_new() -> None:
    before, now = {("a", "x"): 10}, {("b", "x"): 10}
    assert drift(table(before), table(now)) == 2


def test_from_nothing_everything_is_new() -> None:
    assert drift(table({}), table({("a", "x"): 1})) == float("inf")
