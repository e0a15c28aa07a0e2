from collections import Counter
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.listening.windows import EARLY_SHARE, TIMED_SHARE, find_cut

START = datetime(2021, 1, 1, tzinfo=UTC)
HOURS = st.lists(st.one_of(st.none(), st.integers(0, 24 * 9)), max_size=60)


def heard(hours: list[int | None], bursts: list[int | None] | None = None) -> pl.LazyFrame:
    """Listens some hours after the start of 2021, or without a time; and repeats beside them."""
    repeats = bursts or []
    times = [None if one is None else START + timedelta(hours=one) for one in [*hours, *repeats]]
    marks = [False] * len(hours) + [True] * len(repeats)
    schema = {"listened_at": pl.Datetime("us", "UTC"), "burst": pl.Boolean()}
    return pl.DataFrame({"listened_at": times, "burst": marks}, schema=schema).lazy()


def share_before(hours: list[int | None], moment: datetime) -> float:
    timed = [START + timedelta(hours=one) for one in hours if one is not None]
    return sum(time < moment for time in timed) / len(timed)


@given(HOURS)
def test_the_cut_is_the_first_midnight_with_the_share_before_it(hours: list[int | None]) -> None:
    cut = find_cut(heard(hours))
    timed = [one for one in hours if one is not None]
    if cut is None:
        few = len(timed) <= TIMED_SHARE * len(hours)
        last = START + timedelta(days=max(timed, default=0) // 24)
        assert few or share_before(hours, last) < EARLY_SHARE
        return
    assert len(timed) > TIMED_SHARE * len(hours)
    assert (cut.hour, cut.minute, cut.second, cut.microsecond) == (0, 0, 0, 0)
    assert cut.utcoffset() == timedelta(0)
    assert EARLY_SHARE <= share_before(hours, cut) < 1
    days = Counter(one // 24 for one in timed)
    earlier = [START + timedelta(days=day + 1) for day in days]
    assert all(share_before(hours, one) < EARLY_SHARE for one in earlier if one < cut)


def test_the_day_that_reaches_the_share_is_learned_from() -> None:
    hours: list[int | None] = [1, 2, 3, 24, 25, 26, 47, 24 * 6, 24 * 6 + 1, 24 * 8]
    assert find_cut(heard(hours)) == datetime(2021, 1, 3, tzinfo=UTC)
    assert share_before(hours, datetime(2021, 1, 3, tzinfo=UTC)) == EARLY_SHARE


def test_the_order_of_the_listens_changes_nothing() -> None:
    hours: list[int | None] = [*range(0, 24 * 9, 5), None]
    assert find_cut(heard(hours)) == find_cut(heard(hours[::-1])) is not None


@pytest.mark.parametrize("hours", [
    pytest.param([], id="nothing"),
    pytest.param([None, None], id="no times"),
    pytest.param([1, 2, 3, 23], id="one day"),
    pytest.param([1, 30, *[60] * 8], id="nearly all on the last day"),
    pytest.param([1, 30, 60, 90, *[None] * 4], id="times of half the listens"),
])  # fmt: skip
def test_where_it_would_say_little_there_is_no_cut(hours: list[int | None]) -> None:
    assert find_cut(heard(hours)) is None


def test_one_more_time_than_half_is_enough() -> None:
    hours: list[int | None] = [1, 30, 60, 90, 100, *[None] * 4]
    assert find_cut(heard(hours)) == datetime(2021, 1, 5, tzinfo=UTC)


@given(HOURS, HOURS)
def test_bursts_do_not_count(hours: list[int | None], bursts: list[int | None]) -> None:
    assert find_cut(heard(hours, bursts)) == find_cut(heard(hours))
