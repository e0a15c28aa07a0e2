"""The architecture's page names what there is."""

import pkgutil
import re

import pytest

from recsys_dagster_tests.documentation import ROOT
from recsys_dagster_tests.documentation.lineage import rooms

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"`([a-z_]+(?:\.\w+)+)`", TEXT)))
NAMED = [name for name in NAMES if name.split(".")[0] in rooms()]


@pytest.mark.parametrize("name", NAMED)
def test_every_function_of_the_walks_is_there(name: str) -> None:
    full = name if name.startswith("streamlit_app") else f"recsys_dagster.{name}"
    assert pkgutil.resolve_name(full) is not None


def test_the_walks_are_not_empty() -> None:
    assert len(NAMED) > 30
