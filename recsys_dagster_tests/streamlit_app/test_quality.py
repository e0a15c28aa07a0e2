from copy import deepcopy
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from recsys_dagster_tests.streamlit_app.driving import app, run, shown, words
from recsys_dagster_tests.streamlit_app.fake import FakeShelf, evaluation, serving
from streamlit_app.parts import ablations, figures, method_bars, training_curve


def quality() -> AppTest:
    return run(run(app()).switch_page("app_pages/quality.py"))


@pytest.mark.slow
def test_methods_curve_and_protocol_are_shown(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = quality()
    assert list(page.dataframe[0].value["Method"])[:2] == ["Hybrid", "Seed"]
    assert "NDCG@10" in page.dataframe[0].value
    assert len(shown(page, "echarts_chart")) == 3
    assert "240 listeners tested" in words(page)
    assert not page.info


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert "Hybrid 0.362" in method_bars.describe_bars(evaluation()["methods"])
    training = evaluation()["training"]
    assert "30 epochs: loss in training 1.0000 to" in training_curve.describe_curve(training)
    training["curve"][0]["train_loss"] = None
    assert "loss in training 0.9079 to" in training_curve.describe_curve(training)


def with_intervals() -> dict[str, Any]:
    facts = evaluation()
    facts["intervals"] = {
        name: {"ndcg@10": [row["ndcg@10"] - 0.03, row["ndcg@10"] + 0.04]}
        for name, row in facts["methods"].items()
    }
    facts["intervals"]["knn"]["ndcg@10"] = None
    facts["differences"] = {
        "popular": {"ndcg@10": {"mean": 0.15, "interval": [0.1, 0.2]}},
        "svd": {"ndcg@10": {"mean": 0.002, "interval": [-0.01, 0.012]}},
        "seed": {"ndcg@10": {"mean": -0.1, "interval": [-0.2, -0.01]}},
        "knn": {"ndcg@10": {"mean": None, "interval": None}},
    }
    return facts


@pytest.mark.slow
def test_intervals_are_drawn_and_put_into_words(shelf: FakeShelf) -> None:
    facts = with_intervals()
    shelf.put(serving(evaluation=facts))
    said = words(quality())
    assert "In brackets" in said
    assert "Hybrid is better than Popular" in said
    assert "Hybrid may equal SVD: +0.002 (-0.010 to +0.012)" in said
    assert "Hybrid is worse than Seed" in said
    assert "KNN could not be measured" in said
    chart = method_bars.bars(facts["methods"], facts["intervals"])
    assert chart is not None
    (bars,) = chart["series"]
    lines = {line[0]["coord"][1]: line for line in bars["markLine"]["data"]}
    names = chart["yAxis"]["data"]
    assert chart["xAxis"]["max"] == 0.45  # what leaves the axes is not drawn
    assert set(lines) == {place for place, name in enumerate(names) if name != "KNN"}
    for place, line in lines.items():
        value = bars["data"][place]["value"]
        assert line[0]["coord"][0] == pytest.approx(value - 0.03, abs=1e-4)
        assert line[1]["coord"] == [pytest.approx(value + 0.04, abs=1e-4), place]
        assert f"{value:.3f} (" in line[0]["label"]["formatter"]
        assert not bars["data"][place]["label"]["show"]
    assert bars["data"][names.index("KNN")]["label"]["show"]
    assert "Hybrid 0.362 (0.332 to 0.402)" in method_bars.describe_bars(
        facts["methods"], facts["intervals"]
    )


@pytest.mark.slow
def test_a_release_of_before_has_no_intervals_and_no_empty_columns(shelf: FakeShelf) -> None:
    facts = evaluation()
    assert figures.explain_intervals(facts) == []
    assert method_bars.bars(facts["methods"]) == method_bars.bars(facts["methods"], {})
    shelf.put(serving(evaluation=facts))
    assert "MRR@10" not in quality().dataframe[0].value
    facts["methods"]["hybrid"]["mrr@10"] = 0.5
    assert "MRR@10" in figures.columns(facts["methods"]).values()


def test_every_column_is_explained_on_the_page_or_in_its_help() -> None:
    for heading in figures.columns().values():
        name = heading.split("@")[0]
        assert figures.help_for(heading) or name in {"NDCG", "Recall", "Precision"}


@pytest.mark.parametrize("ends", [None, [], [0.1], [0.1, None], [0.1, float("nan")], 3])
def test_broken_intervals_are_none(ends: Any) -> None:
    assert figures.interval(ends) is None


def with_ablations() -> dict[str, Any]:
    def row(mean: float | None, ends: list[float] | None) -> dict[str, Any]:
        return {"difference": {"ndcg@10": {"mean": mean, "interval": ends}}}

    return evaluation() | {
        "ablations": {
            "-svd": row(0.013, [0.001, 0.024]), "-knn": row(-0.002, [-0.008, 0.004]),
            "-items": row(-0.01, [-0.02, -0.001]), "-artist": row(0.03, None),
            "-popular": row(None, None), "shuffled": row(-0.002, [-0.012, 0.01]),
        }
    }  # fmt: skip


@pytest.mark.slow
def test_what_each_part_brings_is_drawn_and_said(shelf: FakeShelf) -> None:
    facts = with_ablations()
    shelf.put(serving(evaluation=facts))
    page = quality()
    assert len(shown(page, "echarts_chart")) == 4
    said = words(page)
    assert "Needed: SVD. Not shown to matter here: KNN. Better without: Same listeners." in said
    assert "Not measured well enough: Same artist." in said
    assert "by -0.002 (-0.012 to +0.010), as it should" in said
    found = ablations.parts(facts)
    chart = ablations.bars(found)
    assert chart["yAxis"]["data"] == ["Same artist", "SVD", "KNN", "Same listeners"]
    assert (chart["xAxis"]["min"], chart["xAxis"]["max"]) == (-0.02, 0.03)
    places = [line[0]["coord"] for line in chart["series"][0]["markLine"]["data"]]
    assert places == [[0.001, 1], [-0.008, 2], [-0.02, 3]]
    facts["ablations"]["shuffled"]["difference"]["ndcg@10"]["interval"] = [0.01, 0.02]
    assert "distrust" in str(ablations.check(facts))


@pytest.mark.parametrize("facts", [{}, {"ablations": None}, {"ablations": {"-svd": {}}}])
def test_without_ablations_there_is_no_section(facts: dict[str, Any]) -> None:
    assert ablations.parts(facts) == {}
    assert ablations.check(facts) is None


@pytest.mark.slow
def test_the_model_card_is_there_to_read_and_to_take_along(shelf: FakeShelf) -> None:
    shelf.put(serving(card="# Model card\n\n## Data\n\n- listens: 5\n"))
    page = quality()
    assert "### Data\n\n- listens: 5" in [one.value for one in page.markdown]
    assert [one.key for one in page.get("download_button")] == ["card-file"]
    shelf.put(serving("r2"))
    assert "before releases held their model card" in words(quality())


def test_errors_share_an_axis_and_a_ranking_has_its_own() -> None:
    training = evaluation()["training"]
    chart = training_curve.curve(training)
    assert chart is not None
    assert [axis["name"] for axis in chart["yAxis"]] == ["loss", "NDCG@20"]
    assert [line["yAxisIndex"] for line in chart["series"]] == [0, 1]
    assert "the higher the better" in training_curve.explain_curve(training)
    squared = training_curve.curve({**training, "measure": "mse"})
    assert squared is not None
    assert [axis["name"] for axis in squared["yAxis"]] == ["MSE"]
    assert [line["yAxisIndex"] for line in squared["series"]] == [0, 0]
    assert "The error" in training_curve.explain_curve({**training, "measure": "mse"})
