"""The order in which workers get the tests, and what the quick ones leave out."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster_tests.conftest import in_parts
from recsys_dagster_tests.tiers import is_all_slow

KINDS = {
    "quick": ("", ()),
    "slow": ("slow", ("demo_world",)),
    "spark": ("slow", ("spark_cluster",)),
}


def made(kinds: list[str]) -> list[Any]:
    """Stand-ins for tests."""

    def one(number: int, kind: str) -> SimpleNamespace:
        mark, fixtures = KINDS[kind]
        marked = lambda name: name == mark or None  # noqa: E731
        return SimpleNamespace(
            number=number, kind=kind, fixturenames=fixtures, get_closest_marker=marked
        )

    return [one(number, kind) for number, kind in enumerate(kinds)]


@given(st.lists(st.sampled_from([*KINDS]), max_size=60), st.integers(1, 5))
def test_every_test_comes_once_and_a_worker_has_all_of_the_cluster_first(
    kinds: list[str], workers: int
) -> None:
    ordered: list[Any] = in_parts(made(kinds), workers)
    assert sorted(one.number for one in ordered) == list(range(len(kinds)))
    assert [one.kind for one in ordered[: kinds.count("spark")]] == ["spark"] * kinds.count("spark")


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_each_part_begins_with_slow_tests_and_ends_with_quick_ones(workers: int) -> None:
    ordered: list[Any] = in_parts(made(["quick", "slow", "quick"] * 39 + ["spark"] * 3), workers)
    size = len(ordered) // workers
    for start in range(0, size * workers, size):
        part = [one.kind for one in ordered[start : start + size]]
        assert part[0] != "quick"
        assert part[-1] == "quick"
        assert part.index("quick") > 5


@pytest.mark.parametrize(("text", "left_out"), [
    ("pytestmark = pytest.mark.slow\n", True),
    ("import x\n\npytestmark = [pytest.mark.browser, pytest.mark.slow]\n", True),
    ("pytestmark = pytest.mark.slowly\n", False),
    ("@pytest.mark.slow\ndef test_it():\n    pass\n", False),
    ("    pytestmark = pytest.mark.slow\n", False),
])  # fmt: skip
def test_a_module_is_left_out_when_it_says_that_all_of_it_is_slow(
    text: str, left_out: bool, tmp_path: Path
) -> None:
    module = tmp_path / "test_it.py"
    module.write_text(text, encoding="utf-8")
    assert is_all_slow(module) is left_out
