"""The table of listens: the union of what the history files hold, one Parquet file for each.

A file of the table is named after the content of its history file, the version of its reader
and what is left out of it or marked. So adding a history file reads that file alone, the same
file under two names counts once, and what is not wanted any more is removed last.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol

import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.edits import find_edits
from recsys_dagster.listening.parts import Part, Parts
from recsys_dagster.listening.placing import Placed, place, remove_others
from recsys_dagster.listening.readings import Reading
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.storage.tables import scan_table


@dataclass(frozen=True, slots=True)
class ListensTable:
    """What the history files held, and what became of it.

    Attributes
    ----------
    readings
        One a file, zips by their members.
    repeated, bursts
        By file: listens that another file has too, and listens that are marked as bursts.
    refused
        In words, what could not be used.
    """

    readings: tuple[Reading, ...]
    repeated: dict[str, int]
    bursts: dict[str, int]
    refused: tuple[str, ...]

    @property
    def listens(self) -> int:
        """Rows of the table."""
        return sum(one.listens for one in self.readings) - sum(self.repeated.values())


def union_in_words(repeated: int, bursts: int) -> list[str]:
    """What became of listens that stand in several files, or too often in one."""
    texts = []
    if repeated:
        texts.append(f"{repeated:,} listens stand in more than one file and count once.")
    if bursts:
        texts.append(
            f"{bursts:,} listens cannot have been played, the same song again and again in one "
            "minute: they are marked, and do not count as plays."
        )
    return texts


class Machine(Protocol):
    """What reads and compares: this machine or a cluster."""

    def read(
        self, files: Sequence[Path], folder: Path, reader: Parts, progress: Progress
    ) -> Iterable[Part | str]:
        """Read history files; the parts in the files' order, and in words what is of no use."""

    def place(self, parts: Sequence[Part], target: Path) -> list[Placed]:
        """Put each part into the table, without what others have too and with bursts marked."""


class Here:
    """On this machine."""

    def read(
        self, files: Sequence[Path], folder: Path, reader: Parts, progress: Progress
    ) -> Iterator[Part | str]:
        """See `Machine`."""
        with progress.task("Reading histories", len(files)) as task:
            for file in files:
                yield from reader.read(file, shown(file, folder))
                task.advance(note=file.name)

    def place(self, parts: Sequence[Part], target: Path) -> list[Placed]:
        """See `Machine`."""
        edits = find_edits(parts)
        return [place(part, *edits.of(at), target) for at, part in enumerate(parts)]


def sync_listens(
    files: Sequence[Path],
    folder: Path,
    target: Path,
    cache: Path,
    progress: Progress = SILENT,
    most_unpacked: int | None = None,
    machine: Machine | None = None,
) -> ListensTable:
    """Bring the table in step with the history files.

    Parameters
    ----------
    files
        The history files, of any known format, and zips of such.
    folder
        The folder that they lie below: the paths in it may say whose they are.
    target
        Directory of the table.
    cache
        Directory for what was read of each file.
    most_unpacked
        Bytes that may come out of one zip at most; see `unpacked`.
    machine
        What does the work; by default this machine.

    Raises
    ------
    RecsysError
        Not one listen was found; the table is left as it was.
    """
    machine, reader = machine or Here(), Parts(cache, most_unpacked)
    parts, refused = _once_each(machine.read(files, folder, reader, progress))
    readings = tuple(part.reading for part in parts)
    if not any(reading.listens for reading in readings):
        raise RecsysError(_nothing_found(files, readings, refused))
    target.mkdir(parents=True, exist_ok=True)
    with progress.task("Comparing histories", 1) as task:
        placed = machine.place(parts, target)
        task.advance()
    remove_others(target, placed)
    reader.forget_others()
    repeated = _by_file(readings, [one.repeated for one in placed])
    bursts = _by_file(readings, [one.bursts for one in placed])
    return ListensTable(readings, repeated, bursts, tuple(refused))


def scan_listens(table: Path) -> pl.LazyFrame:
    """Open the table of listens lazily (`LISTENS_SCHEMA`).

    Raises
    ------
    RecsysError
        A part of it cannot be read.
    """
    return pl.concat([scan_table(part) for part in table_files(table)])


def table_files(table: Path) -> list[Path]:
    """The files of the table of listens, in order."""
    return sorted(table.glob("*.parquet"))


def shown(file: Path, folder: Path) -> PurePath:
    """The path of a history file below the folder of histories."""
    return file.relative_to(folder) if file.is_relative_to(folder) else PurePath(file.name)


def _once_each(found: Iterable[Part | str]) -> tuple[list[Part], list[str]]:
    """The parts of all files, each content once; and in words what could not be used."""
    parts: dict[str, Part] = {}
    refused: list[str] = []
    for part in found:
        if isinstance(part, str):
            refused.append(part)
        elif part.content in parts:
            first = parts[part.content].reading.file
            refused.append(f"{part.reading.file} is the same as {first}: once only.")
        else:
            parts[part.content] = part
    return list(parts.values()), refused


def _by_file(readings: Sequence[Reading], counts: Iterable[int]) -> dict[str, int]:
    total = Counter[str]()
    for reading, count in zip(readings, counts, strict=True):
        total[reading.file] += count  # names that were made safe can be alike
    return {file: count for file, count in total.items() if count}


def _nothing_found(
    files: Sequence[Path], readings: Sequence[Reading], refused: Sequence[str]
) -> str:
    if not files:
        return "There is no listening history. Add one with `recsys import PATH`."
    reasons = [*refused, *(text for one in readings for text in one.sentences())]
    empty = [f"{one.file} has a header and no rows" for one in readings if not one.rows]
    return f"No listens were found in {len(files)} files: {' '.join([*reasons, *empty][:5])}"
