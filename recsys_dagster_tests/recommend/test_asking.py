from typing import Any

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.asking import check


@pytest.mark.parametrize(("seeds", "user", "history"), [
    ([], "anna", {1: 2.0}), ([1], "anna", None), ([1], None, {1: 2.0}), ([1], "anna", {1: 2.0}),
])  # fmt: skip
def test_only_one_of_songs_a_listener_and_a_history_is_asked_for(
    seeds: list[int], user: str | None, history: Any
) -> None:
    with pytest.raises(RecsysError, match="one of them"):
        check(seeds, user, history, "hybrid", 10)


@pytest.mark.parametrize(("seeds", "user", "history"), [
    ([], None, None), ([1], None, None), ([], "anna", None), ([], None, {1: 2.0}),
])  # fmt: skip
def test_each_of_them_alone_can_be_asked_for(
    seeds: list[int], user: str | None, history: Any
) -> None:
    check(seeds, user, history, "hybrid", 10)
