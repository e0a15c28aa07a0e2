import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from types import ModuleType

import pytest

from recsys_dagster.side_by_side import _libraries, on_one_thread, side_by_side


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order_whoever_is_done_first(threads: int) -> None:
    def work(number: int) -> int:
        time.sleep(0.02 if number % 2 == 0 else 0)
        return number * number

    assert list(side_by_side(work, range(9), threads)) == [number**2 for number in range(9)]


@pytest.mark.parametrize(("ahead", "begun"), [(None, 3), (5, 6), (0, 1)])
def test_tasks_are_taken_no_further_ahead_than_there_are_threads_or_than_is_said(
    ahead: int | None, begun: int
) -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    results = side_by_side(lambda number: number, tasks(), 2, ahead)
    assert next(results) == 0
    assert taken == list(range(begun))
    results.close()


def test_two_tasks_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)
    assert len(list(side_by_side(lambda _: both.wait(), range(2), 2))) == 2


def test_an_error_comes_in_its_turn_and_ends_the_rest() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 1:
            raise ValueError("no")
        return number

    results = side_by_side(work, range(100), 1)
    assert next(results) == 0
    with pytest.raises(ValueError, match="no"):
        next(results)
    assert len(begun) <= 3


ALONE = """
import numpy  # whose library is then the only one
from threadpoolctl import threadpool_info, threadpool_limits
from recsys_dagster.side_by_side import side_by_side

def threads():
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]

threadpool_limits(2, "blas")
print(threads(), *side_by_side(lambda _: threads(), [0], 1), threads())
"""


@pytest.mark.slow
def test_matrix_products_stay_on_one_thread_and_are_set_free_again() -> None:
    """In a process of its own: the number is the process's, and others set it too."""
    printed = subprocess.check_output([sys.executable, "-c", ALONE], text=True)
    assert printed == "[2] [1] [2]\n"


def test_libraries_are_looked_through_again_after_an_import_alone() -> None:
    with on_one_thread("blas"):
        pass
    looked = _libraries.cache_info().misses
    for _ in range(3):
        with on_one_thread("blas"):
            pass
    assert _libraries.cache_info().misses == looked
    name = "recsys_dagster_tests.looked_through"
    sys.modules[name] = ModuleType(name)
    try:
        with on_one_thread():
            pass
    finally:
        del sys.modules[name]
    assert _libraries.cache_info().misses == looked + 1
