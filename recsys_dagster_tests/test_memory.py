"""What a run takes of memory, and what is said where there may be too little."""

from pathlib import Path

import pytest

from recsys_dagster import memory
from recsys_dagster.storage.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.history.mkdir(parents=True)
    (layout.history / "history.csv").write_bytes(bytes(1_000_000))
    return layout


def test_more_listens_take_more(layout: Layout) -> None:
    before = memory.needed(layout)
    (layout.history / "more.csv").write_bytes(bytes(1_000_000))
    assert memory.needed(layout) > before > 0


def test_a_limit_below_the_need_is_told_with_both_figures(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert memory.at_hand() > 0
    monkeypatch.setattr(memory, "at_hand", lambda: 0.3e9)
    assert "about 0.6 GB of memory, and 0.3 GB can be had" in str(memory.warning(layout))
    said = memory.after_a_kill(layout, "svd_model")
    assert "killed while it made svd_model" in said
    assert "too little memory" in said
    monkeypatch.setattr(memory, "at_hand", lambda: 64e9)
    assert memory.warning(layout) is None
    assert "memory" not in memory.after_a_kill(layout, "svd_model")


def test_the_limit_of_a_control_group_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_LIMITS", dict.fromkeys(("", "memory"), (str(tmp_path), "limit")))
    (tmp_path / "limit").write_text("1000\n")
    assert memory.at_hand() == 1000
    (tmp_path / "limit").write_text("max\n")
    assert memory.at_hand() > 1000
