"""Loops are compiled also where nothing that was compiled can be kept."""

import pytest
from numba.core.caching import CacheImpl

from recsys_dagster.compiling import kept_on_disk


def double(number: int) -> int:
    return number * 2


@pytest.mark.slow
def test_a_loop_works_where_there_is_no_place_to_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    assert kept_on_disk(double, nogil=True)(21) == 42
