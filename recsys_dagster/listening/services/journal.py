"""What a fetch that is under way has got so far: one line of JSON a page, safe on disk.

The first line says what is being fetched, each other line holds the listens of a page and what
to ask for next. A process that is killed leaves at most its last line torn; that page is asked
for again.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from recsys_dagster.listening.services.base import Bounds, Listen
from recsys_dagster.listening.services.walking import Step
from recsys_dagster.storage.atomic import flush

_VERSION = 1


class Journal:
    """The journal of one user's fetch.

    Parameters
    ----------
    path
        The file; there is none while no fetch is under way.

    Attributes
    ----------
    under_way
        Whether there is something to go on with.
    since
        The time to fetch back to; None for everything.
    next
        What to ask for next; None when all is there.
    kept
        Listens so far.
    notes
        What has to be said of the pages so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.begin(None)
        if path.exists():
            self._take_up()

    def begin(self, since: int | None) -> None:
        """Begin at the newest listen; nothing is written before the first page."""
        self.under_way = False
        self.since = since
        self.next: Bounds | None = Bounds(None, since)
        self.kept = 0
        self.notes: list[str] = []

    def append(self, step: Step) -> None:
        """Keep a page; when this returns it is on disk."""
        following = [step.next.before, step.next.page] if step.next else None
        listens = [listen.to_dict() for listen in step.listens]
        lines: list[dict[str, Any]] = [{"next": following, "note": step.note, "listens": listens}]
        if not self.under_way:
            lines.insert(0, {"version": _VERSION, "since": self.since})
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.writelines(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        if not self.under_way:
            flush(self._path.parent)
        self.under_way = True
        self._remember(step.next, len(listens), step.note)

    def listens(self) -> Iterator[Listen]:
        """All the listens, newest first."""
        for line in self._lines():
            yield from (Listen(**listen) for listen in line.get("listens", ()))

    def remove(self) -> None:
        """Forget it all: it is published."""
        self._path.unlink(missing_ok=True)
        self.begin(None)

    def _take_up(self) -> None:
        """Go on with what is there; what is torn, or of another version, is dropped."""
        whole = 0
        for line in self._lines():
            whole += line["bytes"]
            if "version" in line:
                self.begin(line["since"])
            else:
                following = Bounds(at[0], self.since, at[1]) if (at := line["next"]) else None
                self._remember(following, len(line["listens"]), line["note"])
                self.under_way = True
        if self.under_way:
            os.truncate(self._path, whole)
        else:
            self.remove()

    def _remember(self, following: Bounds | None, listens: int, note: str | None) -> None:
        self.next = following
        self.kept += listens
        self.notes += [note] if note else []

    def _lines(self) -> Iterator[dict[str, Any]]:
        """The lines up to the first that is not whole."""
        with self._path.open("rb") as file, suppress(ValueError):
            for number, raw in enumerate(file):
                if not raw.endswith(b"\n"):
                    return
                line = json.loads(raw)
                if not isinstance(line, dict):
                    return
                if number == 0 and line.get("version") != _VERSION:
                    return
                yield {**line, "bytes": len(raw)}
