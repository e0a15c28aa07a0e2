"""What an import says of itself."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recsys_dagster.listening.readings import Reading


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that was taken: what it is, what it holds and where it lies now.

    Attributes
    ----------
    file
        Its name; for a member of a zip with the zip's.
    kind
        "history" or "features".
    listener
        Whose it is, where the file does not say so itself.
    container
        The name of the folder or zip that it came in.
    reading
        What a history held.
    """

    file: str
    kind: str
    format: str
    rows: int
    target: Path
    listens: int | None = None
    songs: int | None = None
    remarks: tuple[str, ...] = ()
    already_there: bool = False
    listener: str | None = None
    container: str | None = None
    reading: Reading | None = None

    def to_dict(self) -> dict[str, Any]:
        """As `recsys import --json` prints it."""
        left_out = self.reading.left_out if self.reading else {}
        return {
            "file": _readable(self.file),
            "kind": self.kind,
            "format": self.format,
            "rows": self.rows,
            "listens": self.listens,
            "listener": self.listener,
            "songs": self.songs,
            "left_out": {reason: remark.count for reason, remark in left_out.items()},
            "remarks": [_readable(remark) for remark in self.remarks],
            "already_there": self.already_there,
            "target": _readable(str(self.target)),
        }


@dataclass(slots=True)
class ImportReport:
    """What was taken, and in words what was not.

    Attributes
    ----------
    refused
        Files that should have been taken and could not be, each with the reason.
    passed_over
        Files in a folder or zip that hold no history and no catalogue: their names, no more.
    without_listens
        Histories in a folder or zip that hold no listens, such as podcasts; and why.
    user
        Whose the histories were said to be.
    """

    imported: list[Imported] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    without_listens: list[tuple[str, str]] = field(default_factory=list)
    user: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As `recsys import --json` prints it."""
        return {
            "imported": [one.to_dict() for one in self.imported],
            "refused": _reasons(self.refused),
            "passed_over": [_readable(name) for name in self.passed_over],
            "without_listens": _reasons(self.without_listens),
        }


def _reasons(files: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"file": _readable(file), "reason": _readable(reason)} for file, reason in files]


def _readable(text: str) -> str:
    """A text that can be printed as UTF-8: names of files may be any bytes."""
    return text.encode("utf-8", "replace").decode()
