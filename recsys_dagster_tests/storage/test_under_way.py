"""What is told of a stage that a process was killed in."""

from pathlib import Path

import pytest

from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.under_way import killed_in, under_way


def test_a_stage_is_noted_only_while_it_is_worked_on(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with under_way(layout, "ranker"):
        assert layout.under_way.exists()
    assert not layout.under_way.exists()
    with pytest.raises(KeyError), under_way(layout, "ranker"):
        raise KeyError
    assert not layout.under_way.exists()
    with under_way(layout, "ranker"):
        layout.under_way.unlink()  # as when the folder is deleted


def test_a_killed_stage_is_told_once(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.under_way.parent.mkdir(parents=True, exist_ok=True)
    layout.under_way.write_text('{"stage": "svd_model"}')
    assert killed_in(layout) == "svd_model"
    assert killed_in(layout) is None


@pytest.mark.parametrize("content", [b"", b"{", b"5", b"[]", b"null", b"{}", b"\xff"])
def test_a_note_that_is_damaged_tells_nothing(tmp_path: Path, content: bytes) -> None:
    layout = Layout(tmp_path)
    layout.under_way.parent.mkdir(parents=True, exist_ok=True)
    layout.under_way.write_bytes(content)
    assert killed_in(layout) is None
