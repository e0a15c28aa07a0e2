from copy import deepcopy
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from recsys_dagster_tests.streamlit_app.driving import app, run, shown, words
from recsys_dagster_tests.streamlit_app.fake import FakeShelf, evaluation, serving
from streamlit_app.parts import figures


def quality() -> AppTest:
    return run(run(app()).switch_page("app_pages/quality.py"))


def test_methods_curve_and_protocol_are_shown(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = quality()
    assert list(page.dataframe[0].value["Method"])[:2] == ["Hybrid", "Seed"]
    assert "NDCG@10" in page.dataframe[0].value
    assert len(shown(page, "echarts_chart")) == 3
    assert "240 listeners tested" in words(page)
    assert not page.info


def test_what_was_not_measured_is_empty_and_not_zero(shelf: FakeShelf) -> None:
    facts = evaluation(listeners=7)
    facts["methods"]["hybrid"]["ndcg@10"] = None
    facts["methods"]["knn"] = dict.fromkeys(facts["methods"]["knn"], float("nan"))
    facts["training"]["curve"][0]["valid"] = None
    shelf.put(serving(evaluation=facts))
    page = quality()
    frame = page.dataframe[0].value.set_index("Method")
    assert frame.loc[["Hybrid", "KNN"], "NDCG@10"].isna().all()
    assert "Only 7 listeners could be tested" in words(page)
    assert "not zero" in words(page)


@pytest.mark.parametrize("facts", [{}, {"protocol": {}, "methods": {}, "training": {}}])
def test_an_evaluation_with_nothing_in_it(shelf: FakeShelf, facts: dict[str, Any]) -> None:
    shelf.put(serving(evaluation=facts))
    page = quality()
    assert "could not be measured" in words(page)
    assert "no training curve" in words(page)


def test_methods_are_ranked_best_first_and_the_unmeasured_last() -> None:
    methods: dict[str, dict[str, Any]] = {
        "a": {"ndcg@10": None},
        "b": {"ndcg@10": 0.1},
        "c": {"ndcg@10": 0.3},
    }
    assert figures.ranked(methods) == ["c", "b", "a"]


def test_it_is_said_when_hybrid_is_not_the_best() -> None:
    facts = deepcopy(evaluation())
    assert figures.caveats(facts) == []
    facts["methods"]["seed"]["ndcg@10"] = 0.9
    assert figures.caveats(facts) == ["On this history Seed scores higher than Hybrid by NDCG@10."]


def test_the_charts_are_described_in_words() -> None:
    assert "Hybrid 0.362" in figures.describe_bars(evaluation()["methods"])
    training = evaluation()["training"]
    assert "30 epochs: loss in training 1.0000 to" in figures.describe_curve(training)
    training["curve"][0]["train_loss"] = None
    assert "loss in training 0.9079 to" in figures.describe_curve(training)


def test_errors_share_an_axis_and_a_ranking_has_its_own() -> None:
    training = evaluation()["training"]
    chart = figures.curve(training)
    assert chart is not None
    assert [axis["name"] for axis in chart["yAxis"]] == ["loss", "NDCG@20"]
    assert [line["yAxisIndex"] for line in chart["series"]] == [0, 1]
    assert "the higher the better" in figures.explain_curve(training)
    squared = figures.curve({**training, "measure": "mse"})
    assert squared is not None
    assert [axis["name"] for axis in squared["yAxis"]] == ["MSE"]
    assert [line["yAxisIndex"] for line in squared["series"]] == [0, 0]
    assert "The error" in figures.explain_curve({**training, "measure": "mse"})
