"""Every Python block of the pages runs, and every example of the public interface holds."""

import doctest
from collections.abc import Mapping
from typing import Any

import pytest

from recsys_dagster import Recommender
from recsys_dagster.recommend import recommender as module
from recsys_dagster_tests.documentation.conftest import Scene
from recsys_dagster_tests.documentation.shell import PAGES, blocks

WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]
EXAMPLES = [one for one in doctest.DocTestFinder().find(module) if one.examples]


def told(code: str, meant: Mapping[str, str]) -> str:
    """The code about songs that the small world has."""
    for said, there in meant.items():
        code = code.replace(f'"{said}"', repr(there))
    return code


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_one_after_the_other(
    page: Any, scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for at, block in enumerate(blocks(page, "python")):
        exec(compile(told(block, scene.meant), f"{page.name}, block {at}", "exec"), names)  # noqa: S102
    assert capsys.readouterr().out


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name.rpartition(".")[2])
def test_the_examples_of_the_interface_hold(example: doctest.DocTest, scene: Scene) -> None:
    for one in example.examples:
        one.source = told(one.source, scene.meant)
    example.globs = {"Recommender": Recommender, "recommender": Recommender.open()}
    said: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert not result.failed, "".join(said)
