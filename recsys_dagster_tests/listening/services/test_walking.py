"""One step from page to page, where a service behaves in ways that the fakes do not."""

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services.base import Bounds, Heard, Listen, Page
from recsys_dagster.listening.services.walking import Step, settle


def page(*times: int, last: bool = False, oldest: int | None = None) -> Page:
    heard = (Heard(at, Listen("u", "A", str(at), None, at, None, "x")) for at in times)
    return Page(tuple(heard), last, oldest)


def times(step: Step) -> list[int | None]:
    return [one.listened_at for one in step.listens]


def test_the_last_second_of_a_page_is_left_for_the_next() -> None:
    step = settle(Bounds(None, None), page(9, 8, 7, 7), numbered=True)
    assert times(step) == [9, 8]
    assert step.next == Bounds(8, None)


def test_the_last_page_is_taken_whole() -> None:
    step = settle(Bounds(20, None), page(9, 8, 7, 7, last=True), numbered=True)
    assert times(step) == [9, 8, 7, 7]
    assert step.next is None


@pytest.mark.parametrize("numbered", [True, False])
def test_what_is_known_already_ends_it(numbered: bool) -> None:
    step = settle(Bounds(20, 8), page(9, 8, 8, 7), numbered=numbered)
    assert times(step) == [9, 8, 8]
    assert step.next is None


def test_a_second_that_fills_the_first_page_is_fixed_before_it_is_numbered() -> None:
    """Without an upper bound a new listen would shift the second page."""
    step = settle(Bounds(None, None), page(9, 9), numbered=True)
    assert (times(step), step.next) == ([9, 9], Bounds(10, None, 2))
    step = settle(Bounds(10, None, 2), page(9, 9), numbered=True)
    assert step.next == Bounds(10, None, 3)
    step = settle(Bounds(10, None, 3), page(9, 5, 4), numbered=True)
    assert (times(step), step.next) == ([9, 5], Bounds(5, None))


def test_without_numbers_a_full_second_is_passed_with_a_word() -> None:
    step = settle(Bounds(10, None), page(9, 9, oldest=3), numbered=False)
    assert (times(step), step.next) == ([9, 9], Bounds(9, None))
    assert step.note
    assert "in one second" in step.note


def test_the_oldest_second_needs_no_word_unless_it_fills_a_page() -> None:
    few = settle(Bounds(10, None), page(9, 9, oldest=9), numbered=False)
    assert (few.next, few.note) == (None, None)
    many = settle(Bounds(10, None), page(*[9] * 25, oldest=9), numbered=False)
    assert many.next is None
    assert many.note


def test_a_page_of_other_listens_is_passed_by_number_or_refused() -> None:
    step = settle(Bounds(5, None), page(9, 8), numbered=True)
    assert (times(step), step.next) == ([], Bounds(5, None, 2))
    with pytest.raises(RecsysError, match="other listens than it is asked for"):
        settle(Bounds(5, None), page(9, 8), numbered=False)
