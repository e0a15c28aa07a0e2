"""Progress as a person sees it on a terminal, and as lines elsewhere."""

import io

import pytest
from rich.console import Console

from recsys_dagster.commands import console
from recsys_dagster.commands.progress import progress_on_stderr


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What stands on a terminal."""
    shown = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=shown, force_terminal=True, width=100))
    return shown


def test_on_a_terminal_stages_stay_and_what_they_do_vanishes(screen: io.StringIO) -> None:
    with progress_on_stderr() as progress, progress.task("svd_model [1]", 2) as stage:
        with progress.task("epochs", 3) as inner:
            inner.advance(2, "loss 0.5")
        stage.advance(2, "twice")
    last = screen.getvalue().rpartition("svd_model [1]")[2]  # what was drawn at last
    assert "2/2" in last
    assert "twice" in last
    assert "epochs" not in last


def test_elsewhere_only_stages_are_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "err", Console(file=io.StringIO(), force_terminal=False))
    for log in (True, False):
        with progress_on_stderr(log=log) as progress, progress.task("stage", 1) as stage:
            with progress.task("inner", 1) as inner:
                inner.advance()
            stage.advance(1, "a note")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("stage: ")
    assert line.endswith(" s (a note)")
