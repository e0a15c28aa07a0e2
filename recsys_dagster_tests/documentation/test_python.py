"""Every Python block of the pages runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from recsys_dagster_tests.documentation.conftest import Scene
from recsys_dagster_tests.documentation.shell import PAGES, blocks

OWN_TEST = {"extending.md"}
"""Whose blocks are files of a contributor; test_extending puts them where they belong."""
WITH_PYTHON = [page for page in PAGES if blocks(page, "python") and page.name not in OWN_TEST]


def told(code: str, meant: Mapping[str, str]) -> str:
    """The code about songs and listeners that the small world has."""
    for said, there in meant.items():
        code = code.replace(f'"{said}"', repr(there))
    return code


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_one_after_the_other(
    page: Path, scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for at, block in enumerate(blocks(page, "python")):
        code = compile(told(block, scene.meant), f"{page.name}, block {at}", "exec")
        exec(code, names)  # noqa: S102
    assert capsys.readouterr().out
