"""The whole history of a user the first time, and only what is new after that."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services.base import Bounds, Page, Service
from recsys_dagster.listening.services.journal import Journal
from recsys_dagster.listening.services.names import check_user, folder_name
from recsys_dagster.listening.services.publishing import YearFiles
from recsys_dagster.listening.services.walking import Step, settle
from recsys_dagster.progress import SILENT, Progress, Task
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.lock import alone, writing

_DAY = 86_400
_MOST_ALIKE = 20
"""Pages that are all the same: as many equal listens in one second are no listens."""

Lock = Callable[[Layout], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought.

    Attributes
    ----------
    service, user
        Whose listens.
    new
        Listens that were not there before.
    total
        Listens that are there now.
    pages
        How many pages the service was asked for.
    files
        The files that changed.
    notes
        What may be missing, in words.
    """

    service: str
    user: str
    new: int
    total: int
    pages: int
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "service": self.service, "user": self.user, "new": self.new, "total": self.total,
            "pages": self.pages, "files": [str(file) for file in self.files],
            "notes": list(self.notes),
        }  # fmt: skip


def fetch_history(
    service: Service,
    user: str,
    layout: Layout,
    progress: Progress = SILENT,
    *,
    full: bool = False,
    lock: Lock = writing,
) -> Fetched:
    """Fetch a user's listens into `raw/history`; a fetch that was stopped is finished first.

    Each page is on disk before the next is asked for. The files appear when all pages are there,
    and only while they are written is the data folder locked.

    Parameters
    ----------
    service
        Where to fetch from.
    user
        The user's name there; its case does not matter.
    layout
        Of the data folder.
    progress
        Who is told how far it is.
    full
        Whether to ask for everything again, for what was handed in late.
    lock
        Keeps others from writing into the data folder.

    Raises
    ------
    RecsysError
        The service refuses or does not answer, or the same history is being fetched already.
    """
    user = check_user(user)
    place = layout.fetches / service.name / folder_name(user)
    with _alone(place, service, user), progress.task(_title(service, user), 1) as task:
        service.web.on_wait = lambda why: task.advance(0, why)
        files = YearFiles(layout.history / service.name / folder_name(user))
        fetch = _Fetch(service, user, Journal(place / "journal.jsonl"), progress)
        before, changed = files.count(), dict[Path, None]()
        for since in _rounds(fetch.journal, files, service, full=full):
            fetch.walk(since)
            with lock(layout):
                changed |= dict.fromkeys(files.merge(fetch.journal.listens()))
            fetch.journal.remove()
        total = files.count()
        task.advance(1, f"{fetch.pages:,} pages, {total - before:,} new listens")
    return Fetched(
        service.name, user, total - before, total, fetch.pages, tuple(changed), tuple(fetch.notes)
    )


def _title(service: Service, user: str) -> str:
    return f"Fetching {user} from {service.title}"


def _rounds(
    journal: Journal, files: YearFiles, service: Service, *, full: bool
) -> Iterator[int | None]:
    """The times to fetch back to, one after the other: what was begun, then what is new."""
    if journal.under_way:
        full = full and journal.since is not None
        yield journal.since
    yield None if full else files.newest(service.web.clock.time() + _DAY)


class _Fetch:
    """The pages of one user, kept in the journal as they come."""

    def __init__(self, service: Service, user: str, journal: Journal, progress: Progress) -> None:
        self.service, self.user = service, user
        self.journal, self._progress = journal, progress
        self.pages = 0
        self.notes: list[str] = []

    def walk(self, since: int | None) -> None:
        """Go on with the journal, or begin, until the pages reach back to `since`."""
        if not self.journal.under_way:
            self.journal.begin(since)
        if self.journal.next is not None:
            self._walk_on(self.journal.next)
        self.notes += self.journal.notes

    def _walk_on(self, bounds: Bounds) -> None:
        page = self._ask(bounds)
        numbered = self.service.numbered
        with self._progress.task("listens", self._expected(page)) as task:
            step = self._keep(settle(bounds, page, numbered=numbered), task)
            alike = 0
            while step.next is not None:
                before, page = page, self._ask(step.next)
                alike = alike + 1 if page.heard == before.heard else 0
                if alike > _MOST_ALIKE:
                    raise RecsysError(
                        f"{self.service.title} sends the same page again and again. What was "
                        "fetched is kept: run it again later to go on from there."
                    )
                step = self._keep(settle(step.next, page, numbered=numbered), task)

    def _ask(self, bounds: Bounds) -> Page:
        page = self.service.page(self.user, bounds)
        self.pages += 1
        return page

    def _keep(self, step: Step, task: Task) -> Step:
        self.journal.append(step)
        times = [one.listened_at for one in step.listens if one.listened_at is not None]
        back = f", back to {datetime.fromtimestamp(times[-1], UTC):%F}" if times else ""
        task.advance(len(step.listens), f"page {self.pages:,}{back}")
        return step

    def _expected(self, page: Page) -> int:
        """How many listens are still to come, for the bar; what the service says may be off."""
        if page.total is not None or page.last:
            return page.total or len(page.heard)
        if self.journal.since is not None:
            return len(page.heard)
        return max((self.service.count(self.user) or 0) - self.journal.kept, len(page.heard))


def _alone(place: Path, service: Service, user: str) -> AbstractContextManager[None]:
    """Keep others from fetching the same."""
    return alone(
        place / "lock",
        f"The listens of {user} are being fetched from {service.title} already. "
        "Wait until that has ended.",
    )
