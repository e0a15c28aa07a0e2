"""The methods' colours can be told apart by everybody, on both backgrounds."""

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import streamlit_app
from streamlit_app.parts import marks, tasks

CONFIG = Path(streamlit_app.__file__).with_name(".streamlit") / "config.toml"
SIGHT = {
    "usual": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip
"""Machado, Oliveira and Fernandes 2009, on linear RGB, at full severity."""
NEAREST = 0.09
"""In Oklab, where 0.02 is about what can just be seen."""
CONTRAST = 3.0
"""Of graphics to their background: WCAG 2.1, 1.4.11."""
Array = NDArray[np.float64]


def linear(colour: str) -> Array:
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def oklab(rgb: Array) -> Array:
    """Ottosson 2020, "A perceptual color space for image processing"."""
    cones = np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                      [0.2119034982, 0.6806995451, 0.1073969566],
                      [0.0883024619, 0.2817188376, 0.6299787005]]) @ np.clip(rgb, 0, 1)  # fmt: skip
    found: Array = np.array([[0.2104542553, 0.7936177850, -0.0040720468],
                             [1.9779984951, -2.4285922050, 0.4505937099],
                             [0.0259040371, 0.7827717662, -0.8086757660]]
                            ) @ np.cbrt(cones)  # fmt: skip
    return found


def contrast(one: str, other: str) -> float:
    light = [float(linear(each) @ [0.2126, 0.7152, 0.0722]) + 0.05 for each in (one, other)]
    return max(light) / min(light)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_method_has_a_colour_that_everybody_can_tell(theme: str) -> None:
    shown = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"][theme]
    colours = shown["chartCategoricalColors"]
    assert len(colours) == len(marks.ORDER)
    assert min(contrast(one, shown["backgroundColor"]) for one in colours) >= CONTRAST
    for sight, matrix in SIGHT.items():
        seen = {one: oklab(matrix @ linear(one)) for one in colours}
        for one, other in combinations(colours, 2):
            assert np.linalg.norm(seen[one] - seen[other]) > NEAREST, (sight, one, other)


def test_a_method_keeps_its_colour_whatever_else_was_measured() -> None:
    measured = {"1 seed": {"methods": {"knn": {"ndcg@10": 0.3}, "new": {"ndcg@10": 0.2}}}}
    chart = tasks.dots(measured)
    assert chart["legend"]["data"] == ["KNN", "new"]
    names = [series["name"] for series in chart["series"]]
    assert names.index("KNN") == marks.ORDER.index("knn")
    assert names[-1] == "new"
    assert [len(series["data"]) for series in chart["series"]].count(0) == len(marks.ORDER) - 1
    assert len(set(marks.SYMBOLS.values())) == len(marks.ORDER)
