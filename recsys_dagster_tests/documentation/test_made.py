"""What is made from the code is what is committed."""

import pytest

from recsys_dagster.settings import Settings
from recsys_dagster_tests.documentation import ROOT
from recsys_dagster_tests.documentation.layers import arrange
from recsys_dagster_tests.documentation.lineage import reached, reduced
from recsys_dagster_tests.documentation.setting_page import explained
from recsys_dagster_tests.documentation.write import MADE

GRAPH = {
    "a": frozenset[str](),
    "b": frozenset({"a"}),
    "c": frozenset({"a", "b"}),
    "d": frozenset({"a", "c"}),
}


@pytest.mark.parametrize("name", MADE)
def test_it_is_current(name: str) -> None:
    written = (ROOT / name).read_text(encoding="utf-8")
    current = written == MADE[name]()
    assert current, f"{name} is old: run `python -m recsys_dagster_tests.documentation.write`"


def test_every_setting_is_explained_once() -> None:
    named = [name for _, names in explained() for name in names]
    assert sorted(named) == sorted(str(one.alias) for one in Settings.model_fields.values())
    assert all(words for words, _ in explained())


def test_what_follows_from_the_rest_is_not_drawn_and_nothing_else_is_lost() -> None:
    assert reduced(GRAPH) == {"a": set(), "b": {"a"}, "c": {"b"}, "d": {"c"}}
    for name in GRAPH:
        assert reached(reduced(GRAPH), [name]) == reached(GRAPH, [name])


def test_every_arrow_goes_down_layer_by_layer_and_no_two_spots_are_one() -> None:
    drawing = arrange(list(GRAPH), GRAPH)
    for arrow in drawing.arrows:
        rows = [row for row, _ in arrow]
        assert rows == list(range(rows[0], rows[-1] + 1))
    places = {(row, across) for (row, _), across in drawing.across.items()}
    assert len(places) == len(drawing.across)
    assert (drawing.rows, drawing.columns) == (4, 3)
