"""Files in: told apart by their content, copied into `raw/`, and what cannot be used refused."""

import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recsys_dagster.audio.catalogue import read_catalogue
from recsys_dagster.errors import RecsysError
from recsys_dagster.files.sample import take_sample
from recsys_dagster.files.zips import unpacked
from recsys_dagster.listening.reading import summarise_history
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.storage.atomic import atomic_path
from recsys_dagster.storage.hashing import hash_file
from recsys_dagster.storage.layout import Layout

_MOST_MISSING = 2
"""More columns than these and one missing, and a file is not even nearly a history."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that was taken: what it is, what it holds and where it lies now."""

    file: str
    kind: str
    format: str
    rows: int
    target: Path
    listens: int | None = None
    songs: int | None = None
    remarks: tuple[str, ...] = ()
    already_there: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As `recsys import --json` prints it."""
        return {
            "file": self.file,
            "kind": self.kind,
            "format": self.format,
            "rows": self.rows,
            "listens": self.listens,
            "songs": self.songs,
            "remarks": list(self.remarks),
            "already_there": self.already_there,
            "target": str(self.target),
        }


@dataclass(slots=True)
class ImportReport:
    """What was taken, and in words what was not."""

    imported: list[Imported] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def import_paths(
    paths: Sequence[Path], layout: Layout, progress: Progress = SILENT
) -> ImportReport:
    """Import files, folders and zips.

    Parameters
    ----------
    paths
        What to import; folders with all below them, zips with all in them.
    layout
        Of the data folder.
    """
    report = ImportReport()
    with progress.task("Importing", len(paths)) as task:
        for path in paths:
            before = len(report.imported) + len(report.refused)
            _import_path(path, layout, report)
            if len(report.imported) + len(report.refused) == before:
                report.refused.append((path.name, f"{path} holds no files that could be imported."))
            task.advance(note=path.name)
    return report


def _import_path(path: Path, layout: Layout, report: ImportReport) -> None:
    try:
        for file, shown in _files(path, report):
            try:
                report.imported.append(_import_file(file, shown, layout))
            except RecsysError as error:
                report.refused.append((shown, str(error)))
            except OSError as error:
                report.refused.append((shown, _no_access(shown, error)))
    except OSError as error:  # a name that is too long, a folder that may not be listed
        report.refused.append((path.name, _no_access(str(path), error)))


def _no_access(what: str, error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"{what} cannot be imported: {error.strerror}{where}."


def _files(path: Path, report: ImportReport) -> Iterator[tuple[Path, str]]:
    """The files that a path stands for, each with the name by which users know it."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and not file.name.startswith("."):
                yield from _files(file, report)
    elif not path.exists():
        report.refused.append((path.name, f"There is no file {path}."))
    elif not path.is_file():
        report.refused.append((path.name, f"{path} is no plain file. Save it as one first."))
    elif zipfile.is_zipfile(path):
        try:
            with unpacked(path) as (members, refused):
                report.refused.extend(refused)
                yield from ((file, f"{path.name}/{file.name}") for file in members)
        except RecsysError as error:
            report.refused.append((path.name, str(error)))
    else:
        yield path, path.name


def _import_file(file: Path, shown: str, layout: Layout) -> Imported:
    """Take one file as history or catalogue."""
    try:
        reading = summarise_history(file)
    except RecsysError as no_history:
        return _import_catalogue(file, shown, layout, no_history)
    if not reading.listens:
        detail = " ".join(reading.sentences()) or "it has a header and no rows."
        raise RecsysError(f"{file.name} holds no listens: {detail}")
    target, there = _place(file, layout.history)
    return Imported(
        shown, "history", reading.format, reading.rows, target,
        listens=reading.listens, remarks=tuple(reading.sentences()), already_there=there,
    )  # fmt: skip


def _import_catalogue(file: Path, shown: str, layout: Layout, no_history: RecsysError) -> Imported:
    try:
        catalogue = read_catalogue(file)
    except RecsysError as no_catalogue:
        raise RecsysError(_neither(file, str(no_history), str(no_catalogue))) from None
    if not catalogue.songs:
        raise RecsysError(f"{file.name} holds no songs with audio features.")
    target, there = _place(file, layout.catalogues)
    remarks = [f"{file.name}: {count:,} rows left out: {reason}"
               for reason, count in catalogue.left_out.items()]  # fmt: skip
    if catalogue.refused:
        songs = "1 song has" if catalogue.refused == 1 else f"{catalogue.refused:,} songs have"
        remarks.append(
            f"{file.name}: {songs} values that cannot be, which count as missing; "
            f"such as {catalogue.example}"
        )
    return Imported(
        shown, "features", "feature catalogue", catalogue.rows, target,
        songs=catalogue.songs, remarks=tuple(remarks), already_there=there,
    )  # fmt: skip


def _neither(file: Path, no_history: str, no_catalogue: str) -> str:
    """The one message that helps: the nearer miss, or what both would need."""
    few_missing = "is missing" in no_history and no_history.count(" and ") < _MOST_MISSING
    if no_history == no_catalogue or few_missing:
        return no_history
    if file.suffix.lower() == ".parquet" or "line 1: this is no" not in no_history:
        return no_catalogue
    try:
        found = take_sample(file).columns
    except RecsysError as error:
        return str(error)
    separator = next((one for one in ";\t" if len(found) == 1 and one in found[0]), None)
    if separator:
        return (
            f"{file.name}, line 1: the columns are separated by {separator!r}, expected commas. "
            "Save it again as a CSV with commas."
        )
    columns = ", ".join(repr(name[:40]) for name in found[:12])
    return (
        f"{file.name}, line 1: neither a listening history nor a catalogue of audio features. "
        f"Found {columns or 'nothing'}; a Last.fm CSV has Username, Artist, Track, Album, Date, "
        "Time, a catalogue artist, title and features such as energy."
    )


def _place(file: Path, folder: Path) -> tuple[Path, bool]:
    """Copy a file into a folder of `raw/`; the same content is not put there twice."""
    digest = hash_file(file)
    if folder.is_dir():
        for other in sorted(folder.rglob("*")):
            hidden = any(part.startswith(".") for part in other.relative_to(folder).parts)
            same_size = other.is_file() and other.stat().st_size == file.stat().st_size
            if not hidden and same_size and hash_file(other) == digest:
                return other, True
    seen = file.with_name(file.name.lstrip(".") or "file")  # a run does not read hidden files
    target = folder / seen.name
    number = 2
    while target.exists():
        target = folder / f"{seen.stem}-{number}{seen.suffix}"
        number += 1
    with atomic_path(target) as path:
        shutil.copyfile(file, path)
    return target, False
