from typing import Any

import pytest

from recsys_dagster_tests.streamlit_app.driving import shown, words
from recsys_dagster_tests.streamlit_app.fake import FakeShelf, evaluation, serving
from recsys_dagster_tests.streamlit_app.test_quality import quality
from streamlit_app.parts import measuring, tasks

PROTOCOL = {
    "description": "Listeners are held out. " * 20 + "What else they played is to be found.",
    "task": "held-out listeners", "listeners": 40, "seeds": 5, "cut": "2021-03-04",
    "timed": True, "folds": 5, "held_out_listeners": 40, "test_share": 0.2983,
}  # fmt: skip


def task(listeners: int, differences: dict[str, list[float] | None], **ndcg: Any) -> dict[str, Any]:
    return {
        "listeners": listeners,
        "methods": {name: {"ndcg@10": value} for name, value in ndcg.items()},
        "differences": {
            name: {"ndcg@10": {"mean": 0.0, "interval": ends}} for name, ends in differences.items()
        },
    }


def with_tasks() -> dict[str, Any]:
    return evaluation() | {
        "protocol": PROTOCOL,
        "tasks": {
            "cold songs": task(1, {"knn": None}, hybrid=0.2, knn=0.1, svd=0.0),
            "5 seeds": task(
                40, {"svd": [-0.1, 0.1], "seed": [0.1, 0.2], "popular": [0.1, 0.3]},
                hybrid=0.4, svd=0.3, seed=0.2, popular=0.1, random=None,
            ),
            "1 seed": task(40, {"svd": [-0.3, -0.1]}, hybrid=0.1, svd=0.3),
            "known listeners": task(0, {"svd": None}, hybrid=None, svd=float("nan")),
            "a task of later": task(3, {}, hybrid=0.5),
        },
    }  # fmt: skip


@pytest.mark.slow
def test_the_page_has_a_section_by_task(shelf: FakeShelf) -> None:
    shelf.put(serving(evaluation=with_tasks()))
    page = quality()
    assert "By task" in [one.value for one in page.header]
    assert len(shown(page, "echarts_chart")) == 4
    rows = page.dataframe[1].value.set_index("Task")
    assert list(rows.index) == [
        "A stranger picks 1 song",
        "A stranger picks 5 songs",
        "Songs that nobody has played yet",
        "a task of later",
    ]
    assert rows.loc["A stranger picks 5 songs", ["Hybrid", "SVD", "Seed"]].tolist() == [
        0.4, 0.3, 0.2,
    ]  # fmt: skip
    assert rows.loc["Songs that nobody has played yet", "SVD"] == 0
    assert rows.loc["a task of later"].isna().sum() == 4
    assert rows["Listeners"].tolist() == [40, 40, 1, 3]
    said = words(page).replace("\\", "")
    assert "Hybrid may equal SVD, is better than Seed and Popular." in said
    assert "A stranger picks 1 song (40 listeners): Hybrid is worse than SVD." in said
    assert "(1 listener): Hybrid cannot be told from KNN." in said
    assert "a task of later (3 listeners): Hybrid was not compared." in said


def test_every_measured_figure_is_a_dot_on_the_line_of_its_task() -> None:
    measured = tasks.measured(with_tasks())
    chart = tasks.dots(measured)
    places = chart["yAxis"]["data"]
    found = {
        (series["name"], places[place]): value
        for series in chart["series"]
        for value, place in series["data"]
    }
    table = tasks.table(measured)
    assert found == {
        (method, name): value
        for method in tasks.methods(measured)
        for name, value in zip(table["Task"], table[method], strict=True)
        if value is not None
    }
    assert len(found) == 10
    said = tasks.describe(measured)
    assert "A stranger picks 5 songs: Hybrid 0.400, SVD 0.300, Seed 0.200, Popular 0.100" in said
    assert "Random" not in said


@pytest.mark.slow
@pytest.mark.parametrize("facts", [{}, {"tasks": None}, {"tasks": {}},
                                   {"tasks": {"1 seed": {}}}])  # fmt: skip
def test_a_release_of_before_has_no_section(shelf: FakeShelf, facts: dict[str, Any]) -> None:
    assert tasks.measured(facts) == {}
    shelf.put(serving(evaluation=evaluation() | facts))
    page = quality()
    assert "By task" not in [one.value for one in page.header]
    assert len(shown(page, "echarts_chart")) == 3


@pytest.mark.slow
def test_the_protocol_is_shown_whole(shelf: FakeShelf) -> None:
    shelf.put(serving(evaluation=with_tasks()))
    said = words(quality()).replace("\\", "")
    assert "What else they played is to be found." in said
    assert len(measuring.explain({"description": "x" * 99_999})) <= measuring.LONGEST
    assert "does not say" in measuring.explain({})


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, "40 listeners tested · 5 seed songs each at most · "
         "29.8% of the plays since 2021-03-04 held back"),
    ({"seeds": None}, "40 listeners tested · 29.8% of the plays since 2021-03-04 held back"),
    ({"timed": False, "cut": None, "test_share": 0.0},
     "40 listeners tested · 5 seed songs each at most · "
     "no times, so all other songs of each listener held back"),
])  # fmt: skip
def test_the_protocol_in_numbers(changes: dict[str, Any], expected: str) -> None:
    assert plainly(measuring.in_short(PROTOCOL | changes)) == expected


def test_the_protocol_of_before_in_numbers() -> None:
    before = plainly(measuring.in_short(evaluation()["protocol"]))
    assert before.endswith("12.5% of the listener-song pairs held back")
    assert plainly(measuring.in_short({})) == "0 listeners tested"


def plainly(markdown: str) -> str:
    return markdown.replace("\\", "").replace("\u2060", "")
