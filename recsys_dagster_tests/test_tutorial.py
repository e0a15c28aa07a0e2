"""The tutorial, as somebody follows it."""

from pathlib import Path

import pytest

from recsys_dagster_tests.tutorials import agrees, agrees_in_form, blocks, run

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECSYS_DATA_DIR")
    found = list(blocks(PAGE.read_text(encoding="utf-8")))
    assert len(found) > 10
    for block in found:
        printed = run(block, tmp_path)
        compare = agrees if block.shown_as == "text" else agrees_in_form
        assert block.shown is None or compare(block.shown, printed), f"{block.code}\n{printed}"


@pytest.mark.parametrize(("shown", "printed", "alike"), [
    ("a 1\n", "a 1\n", True),
    ("a …\nb\n", "a 0.123 (x)\nb\n", True),
    ("a …\nb\n", "a 1\nc\nb\n", False),
    ("a (1)\n", "a 1\n", False),
    ("a\n", "a\nb\n", False),
])  # fmt: skip
def test_what_counts_as_alike(shown: str, printed: str, alike: bool) -> None:
    assert agrees(shown, printed) is alike


def test_what_counts_as_the_same_form() -> None:
    assert agrees_in_form("# artist\n1 a\n", "#  artist\n1 b\n")
    assert not agrees_in_form("# artist\n1 a\n", "# artist\n1 a\n2 b\n")
    assert not agrees_in_form("# artist\n1 a\n", "# title\n1 a\n")
