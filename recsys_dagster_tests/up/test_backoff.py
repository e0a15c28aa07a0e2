import hypothesis
from hypothesis import strategies as st

from recsys_dagster.up.backoff import BackOff


def test_waits_double_up_to_the_longest_and_begin_anew() -> None:
    back_off = BackOff(first=1, most=10, well_after=60)
    assert [back_off.after(lived) for lived in (5, 5, 5, 5, 5, 5, 61, 5)] == [
        1, 2, 4, 8, 10, 10, 1, 2,
    ]  # fmt: skip


@hypothesis.given(st.lists(st.floats(0, 1e6)))
def test_no_wait_is_shorter_or_longer_than_it_may_be(lives: list[float]) -> None:
    back_off = BackOff()
    waits = [back_off.after(lived) for lived in lives]
    assert all(back_off.first <= wait <= back_off.most for wait in waits)
