from contextlib import AbstractContextManager, nullcontext

import pytest

from recsys_dagster import progress
from recsys_dagster.progress import SILENT, Task, watched_by


class Watcher:
    def task(self, description: str, total: int) -> AbstractContextManager[Task]:
        assert (description, total) == ("Training", 3)
        return nullcontext(self)

    def advance(self, steps: int = 1, note: str = "") -> None:
        raise AssertionError((steps, note))


def test_nobody_watches_unless_somebody_does() -> None:
    assert progress.current() is SILENT
    outer, inner = Watcher(), Watcher()
    with watched_by(outer):
        assert progress.current() is outer
        with watched_by(inner):
            assert progress.current() is inner
        assert progress.current() is outer
    assert progress.current() is SILENT


def test_after_an_exception_nobody_watches() -> None:
    with pytest.raises(ValueError, match="work"), watched_by(Watcher()):
        raise ValueError("work")
    assert progress.current() is SILENT


def test_silence_takes_all_that_it_is_told() -> None:
    with SILENT.task("Training", 3) as task:
        task.advance()
        task.advance(2, note="loss 0.1")
