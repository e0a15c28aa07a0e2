import doctest
from types import ModuleType
from typing import Any

import pytest

from recsys_dagster.evaluation import model_card, report
from recsys_dagster.evaluation.protocol import FEW_LISTENERS
from recsys_dagster.evaluation.report import (
    BEYOND_COLUMNS,
    COLUMNS,
    by_ndcg,
    difference_in_words,
    interval_lines,
    markdown_table,
    plot_methods,
    plot_training,
    shown,
    task_lines,
    task_rows,
    title,
)
from recsys_dagster_tests.evaluation.images import opened


def training(curve: list[dict[str, float | None]], best: int, measure: str = "ndcg@20") -> str:
    return plot_training({"curve": curve, "best_epoch": best, "measure": measure})


METHODS: dict[str, dict[str, float | None]] = {
    "popular": dict.fromkeys(COLUMNS, 0.1),
    "hybrid": {name: 0.2 + 0.01 * number for number, name in enumerate(COLUMNS)},
    "random": dict.fromkeys(COLUMNS),
}
INTERVALS: dict[str, dict[str, list[float] | None]] = {
    "popular": {"ndcg@10": [0.05, 0.15]},
    "hybrid": {"ndcg@10": [0.1, 0.3]},
    "random": {"ndcg@10": None},
}
LARGE: list[dict[str, float | None]] = [
    {"epoch": epoch, "train_loss": 1e5 * epoch, "valid": 1e-5 * epoch} for epoch in range(4)
]
CURVE: list[dict[str, float | None]] = [
    {"epoch": epoch, "train_loss": 1 / (epoch + 1), "valid": 2 / (epoch + 1)} for epoch in range(61)
]


def test_the_table_has_all_of_them_best_first() -> None:
    lines = [line.strip("| ").split(" | ") for line in markdown_table(METHODS).splitlines()]
    assert lines[0] == [
        "method", "NDCG@5", "NDCG@10", "NDCG@20", "Recall@5", "Recall@10", "Recall@20",
        "Precision@5", "Precision@10", "Precision@20",
    ]  # fmt: skip
    assert [line[0] for line in lines[2:]] == ["hybrid", "popular", "random"]
    assert lines[2][1:3] == ["0.200", "0.210"]
    assert set(lines[4][1:]) == {"not measurable"}
    assert {len(line) for line in lines} == {10}


@pytest.mark.parametrize("module", [report, model_card])
def test_the_examples_run(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.failed == 0
    assert found.attempted > 0


def test_titles_are_as_people_write_them() -> None:
    assert [title(name) for name in BEYOND_COLUMNS] == [
        "MRR@10", "Hit rate@10", "Coverage@10", "Gini@10", "Novelty@10", "Diversity@10",
        "Artist diversity@10",
    ]  # fmt: skip


def test_intervals_in_words() -> None:
    found = interval_lines({
        "methods": METHODS,
        "intervals": INTERVALS,
        "differences": {"popular": {"ndcg@10": {"mean": 0.11, "interval": [0.02, 0.2]}}},
    })  # fmt: skip
    assert found == [
        "NDCG@10 with 95 % intervals: hybrid 0.210 [0.100, 0.300], popular 0.100 [0.050, 0.150], "
        "random not measurable.",
        "Hybrid less popular: +0.110 [+0.020, +0.200], so the hybrid is better.",
    ]
    worse = difference_in_words("svd", {"mean": -0.1, "interval": [-0.2, -0.05]})
    assert worse.endswith("so the hybrid is worse.")
    none = difference_in_words("svd", {"mean": None, "interval": None})
    assert none == "Hybrid less svd: not measurable."


def test_an_evaluation_of_before_has_no_intervals() -> None:
    assert interval_lines({"methods": METHODS}) == []


def differences(**intervals: list[float] | None) -> dict[str, Any]:
    return {name: {"ndcg@10": {"mean": 0.0, "interval": ends}} for name, ends in intervals.items()}


def test_tasks_in_a_table_and_in_words() -> None:
    tasks = {
        "1 seed": {
            "listeners": 1_200,
            "methods": {"hybrid": {"ndcg@10": 0.3}, "popular": {"ndcg@10": 0.2}},
            "differences": differences(popular=[0.1, 0.2], svd=[-0.1, 0.1], seed=[0.2, 0.3]),
        },
        "cold songs": {
            "listeners": 1,
            "methods": {"hybrid": {"ndcg@10": None}, "random": {"ndcg@10": 0.1}},
            "differences": differences(knn=[-0.2, -0.1], random=None),
        },
    }
    found = {"methods": METHODS, "tasks": tasks}
    assert task_rows(found) == [
        ["method", "1 seed", "cold songs"],
        ["hybrid", "0.300", "not measurable"],
        ["popular", "0.200", "not measurable"],
        ["random", "not measurable", "0.100"],
    ]
    assert task_lines(found) == [
        "1 seed, 1,200 listeners: the hybrid is better than popular, seed; it is not shown to "
        "differ from svd.",
        "cold songs, 1 listener: the hybrid is worse than knn; it is not shown to differ from "
        "random.",
    ]
    nobody = {"known listeners": {"listeners": 0, "differences": differences(svd=None)}}
    assert task_lines({"tasks": nobody}) == ["known listeners: nobody could be asked."]


@pytest.mark.parametrize("of_before", [{}, {"tasks": {}}, {"tasks": None}])
def test_an_evaluation_of_before_has_no_tasks(of_before: dict[str, Any]) -> None:
    assert task_rows({"methods": METHODS, **of_before}) == []
    assert task_lines({"methods": METHODS, **of_before}) == []


def test_figures_in_words() -> None:
    assert shown(None) == "not measurable"
    assert shown(0.0) == "0.000"
    assert by_ndcg(METHODS)[0] == "hybrid"


@pytest.mark.slow
@pytest.mark.parametrize("markdown", [
    pytest.param(lambda: plot_methods(METHODS), id="methods"),
    pytest.param(lambda: plot_methods(METHODS, INTERVALS), id="intervals"),
    pytest.param(lambda: plot_methods({"random": dict.fromkeys(COLUMNS)}), id="nothing measured"),
    pytest.param(lambda: plot_methods({"artist_and_sound": dict.fromkeys(COLUMNS, 0.5)}),
                 id="a long name"),
    pytest.param(lambda: training(CURVE, 40), id="training"),
    pytest.param(lambda: training(LARGE, 2), id="large losses"),
    pytest.param(lambda: training(CURVE, 40, "mse"), id="squared error"),
    pytest.param(lambda: training(CURVE[:1], 0), id="one epoch"),
    pytest.param(lambda: training([{**one, "valid": None} for one in CURVE], 60),
                 id="nothing validated"),
])  # fmt: skip
def test_plots_are_small_images(markdown: object) -> None:
    assert callable(markdown)
    text = markdown()
    assert len(text) < 100_000
    _, pixels = opened(text)
    assert pixels.shape[0] > 50
    assert pixels.shape[1] > 200
    assert pixels.std() > 0.01


def test_a_method_has_a_bar_where_it_was_measured() -> None:
    one, other = ({"hybrid": {"ndcg@10": value}} for value in (0.4, None))
    with_bar, without = (opened(plot_methods(methods))[1] for methods in (one, other))
    coloured = [((pixels[..., 2] - pixels[..., 0]) > 0.3).mean() for pixels in (with_bar, without)]
    assert coloured[0] > 0.2
    assert coloured[1] == 0


def test_a_hundred_listeners_are_not_few() -> None:
    few, enough = model_card.few_in_words(FEW_LISTENERS - 1), model_card.few_in_words(FEW_LISTENERS)
    assert few.startswith("Measured on 99 listeners. With fewer than 100 ")
    assert enough == "Measured on 100 listeners."
