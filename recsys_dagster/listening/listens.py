"""The table of listens: one Parquet file for each history file, read once.

A part is named after the content of its file and the version of its reader. So adding a file
reads that file alone, the same file under two names counts once, and what is not wanted any
more is removed last.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.reading import Reading, read_history, recognise
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.storage.atomic import atomic_path, write_json
from recsys_dagster.storage.hashing import hash_file
from recsys_dagster.storage.tables import scan_table


@dataclass(frozen=True, slots=True)
class ListensTable:
    """What the history files held, and in words which of them could not be used."""

    readings: tuple[Reading, ...]
    refused: tuple[str, ...]

    @property
    def listens(self) -> int:
        """Rows of the table."""
        return sum(reading.listens for reading in self.readings)


def sync_listens(files: Sequence[Path], target: Path, progress: Progress = SILENT) -> ListensTable:
    """Bring the table in step with the history files.

    Parameters
    ----------
    files
        The history files, of any known format.
    target
        Directory of the table.

    Raises
    ------
    RecsysError
        Not one listen was found; the table is left as it was.
    """
    readings: dict[str, Reading] = {}
    refused: list[str] = []
    with progress.task("Reading histories", len(files)) as task:
        for file in files:
            try:
                part, reading = _read_part(file, target)
            except RecsysError as error:
                refused.append(str(error))
            else:
                if part in readings:
                    refused.append(f"{file.name} is the same as {readings[part].file}: once only.")
                else:
                    readings[part] = reading
            task.advance(note=file.name)
    table = ListensTable(tuple(readings.values()), tuple(refused))
    if not table.listens:
        raise RecsysError(_nothing_found(files, table))
    _remove_others(target, set(readings))
    return table


def scan_listens(table: Path) -> pl.LazyFrame:
    """Open the table of listens lazily (`LISTENS_SCHEMA`).

    Raises
    ------
    RecsysError
        A part of it cannot be read.
    """
    return pl.concat([scan_table(part) for part in sorted(table.glob("*.parquet"))])


def _read_part(file: Path, target: Path) -> tuple[str, Reading]:
    form, _ = recognise(file)
    part = f"{hash_file(file)[:16]}-v{form.version}"
    table, report = target / f"{part}.parquet", target / f"{part}.json"
    reading = _known_reading(table, report)
    if reading is None:
        with atomic_path(table) as path:
            reading = read_history(file, path)
            # The report comes first: where the table is, its report is too.
            write_json(report, {"reading": reading.to_dict(), "sha256": hash_file(path)})
    return part, replace(reading, file=file.name)


def _known_reading(table: Path, report: Path) -> Reading | None:
    """What a part was read to hold, unless the part is missing or not as it was written."""
    try:
        known = json.loads(report.read_text(encoding="utf-8"))
        if hash_file(table) == known["sha256"]:
            return Reading.from_dict(known["reading"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _remove_others(target: Path, parts: set[str]) -> None:
    for file in target.iterdir():
        if file.stem not in parts:
            file.unlink()


def _nothing_found(files: Sequence[Path], table: ListensTable) -> str:
    if not files:
        return "There is no listening history. Add one with `recsys import PATH`."
    reasons = [*table.refused, *(text for one in table.readings for text in one.sentences())]
    empty = [f"{one.file} has a header and no rows" for one in table.readings if not one.rows]
    return f"No listens were found in {len(files)} files: {' '.join([*reasons, *empty][:5])}"
