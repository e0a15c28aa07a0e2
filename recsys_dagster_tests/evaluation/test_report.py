import base64
import io
import re

import matplotlib.image
import pytest

from recsys_dagster.evaluation.protocol import mean_figures
from recsys_dagster.evaluation.report import (
    COLUMNS,
    by_ndcg,
    markdown_table,
    plot_methods,
    plot_training,
    shown,
)


def training(curve: list[dict[str, float | None]], best: int, measure: str = "ndcg@20") -> str:
    return plot_training({"curve": curve, "best_epoch": best, "measure": measure})


METHODS: dict[str, dict[str, float | None]] = {
    "popular": dict.fromkeys(COLUMNS, 0.1),
    "hybrid": {name: 0.2 + 0.01 * number for number, name in enumerate(COLUMNS)},
    "random": mean_figures([]),
}
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


def test_figures_in_words() -> None:
    assert shown(None) == "not measurable"
    assert shown(0.0) == "0.000"
    assert by_ndcg(METHODS)[0] == "hybrid"


@pytest.mark.parametrize("markdown", [
    pytest.param(lambda: plot_methods(METHODS), id="methods"),
    pytest.param(lambda: plot_methods({"random": mean_figures([])}), id="nothing measured"),
    pytest.param(lambda: training(CURVE, 40), id="training"),
    pytest.param(lambda: training(CURVE, 40, "mse"), id="squared error"),
    pytest.param(lambda: training(CURVE[:1], 0), id="one epoch"),
    pytest.param(lambda: training([{**one, "valid": None} for one in CURVE], 60),
                 id="nothing validated"),
])  # fmt: skip
def test_plots_are_small_images(markdown: object) -> None:
    assert callable(markdown)
    text = markdown()
    assert len(text) < 100_000
    found = re.fullmatch(r"!\[[^\]]+\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", text)
    assert found
    pixels = matplotlib.image.imread(io.BytesIO(base64.b64decode(found[1])), format="png")
    assert pixels.shape[0] > 50
    assert pixels.shape[1] > 200
    assert pixels.std() > 0.01
