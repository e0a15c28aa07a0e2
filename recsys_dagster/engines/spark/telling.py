"""What a job tells while it works: log lines, and how far it is."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from dagster_pipes import PipesContext

from recsys_dagster.progress import Task

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOTE = "note"
"""Key of a custom message that says in a few words how far the work is."""
_EVERY = 0.5
"""Seconds between two notes at least."""


class Telling:
    """Progress of the job as notes for whoever shows the progress of the run.

    Parameters
    ----------
    pipes
        Takes the messages.
    """

    def __init__(self, pipes: PipesContext) -> None:
        self._pipes = pipes
        self._lock = threading.Lock()
        self._last = 0.0
        self._told = ""

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        """Begin work of `total` steps."""
        yield _Steps(self, description, total)

    def tell(self, words: str) -> None:
        """Tell it, unless that is no news or something was told just now."""
        with self._lock:
            now = time.monotonic()
            if words != self._told and now - self._last >= _EVERY:
                self._pipes.report_custom_message({NOTE: words})
                self._last, self._told = now, words


class _Steps:
    def __init__(self, telling: Telling, description: str, total: int) -> None:
        self._telling, self._description, self._total = telling, description, total
        self._done = 0

    def advance(self, steps: int = 1, note: str = "") -> None:
        self._done += steps
        words = f"{self._description} {self._done}/{self._total} {note}"
        self._telling.tell(words.strip())


def log_through(pipes: PipesContext) -> None:
    """What this package logs becomes log lines of the asset."""
    ours = logging.getLogger("recsys_dagster")
    ours.setLevel(logging.INFO)
    for handler in pipes.log.handlers:
        ours.addHandler(handler)


@contextmanager
def following(session: "SparkSession", tell: Callable[[str], None]) -> Iterator[None]:
    """Tell how many tasks Spark has done of those that it works on."""
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    if isinstance(cast("object", session), ConnectSession):
        with _following_server(session, tell):
            yield
        return
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(session, tell, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


@contextmanager
def _following_server(session: Any, tell: Callable[[str], None]) -> Iterator[None]:
    def handler(stages: Any, inflight_tasks: int, operation_id: Any, done: bool) -> None:  # noqa: ARG001
        under_way = [stage for stage in stages or () if not stage.done]
        _tell_tasks([(one.num_completed_tasks, one.num_tasks) for one in under_way], tell)

    session.registerProgressHandler(handler)
    try:
        yield
    finally:
        session.removeProgressHandler(handler)


def _watch(session: "SparkSession", tell: Callable[[str], None], ended: threading.Event) -> None:
    tracker = session.sparkContext.statusTracker()
    while not ended.wait(_EVERY):
        found = [tracker.getStageInfo(one) for one in tracker.getActiveStageIds()]
        _tell_tasks([(one.numCompletedTasks, one.numTasks) for one in found if one], tell)


def _tell_tasks(stages: list[tuple[int, int]], tell: Callable[[str], None]) -> None:
    if stages:
        tell(f"Spark {sum(done for done, _ in stages)}/{sum(total for _, total in stages)} tasks")
