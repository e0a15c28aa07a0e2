"""Moments that were set by a clock that was wrong are not waited for."""

from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.web.terms import LONGEST, has_come

NOW = 1_800_000_000.0
YEAR = 365 * 86_400.0


@given(ahead=st.floats(1, LONGEST))
def test_a_moment_ahead_is_waited_for(ahead: float) -> None:
    assert not has_come(NOW + ahead, NOW)


@given(moment=st.floats(NOW + LONGEST + 60, 1e12) | st.floats(0, NOW))
def test_what_is_over_or_beyond_all_terms_is_not(moment: float) -> None:
    assert has_come(moment, NOW)


def test_a_clock_that_is_wrong_itself_judges_nothing() -> None:
    """A small computer that starts without a battery thinks that it is 1970."""
    assert not has_come(NOW + 3 * YEAR, 86_400.0)
