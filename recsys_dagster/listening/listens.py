"""The table of listens: the union of what the history files hold, one Parquet file for each.

A file of the table is named after the content of its history file, the version of its reader
and what is left out of it or marked. So adding a history file reads that file alone, the same
file under two names counts once, and what is not wanted any more is removed last.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.edits import Edits, find_edits
from recsys_dagster.listening.parts import Part, Parts
from recsys_dagster.listening.reading import Reading
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.storage.atomic import atomic_path
from recsys_dagster.storage.hashing import hash_json
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


def sync_listens(
    files: Sequence[Path],
    folder: Path,
    target: Path,
    cache: Path,
    progress: Progress = SILENT,
    most_unpacked: int | None = None,
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

    Raises
    ------
    RecsysError
        Not one listen was found; the table is left as it was.
    """
    reader = Parts(cache, most_unpacked)
    parts, refused = _read_all(reader, files, folder, progress)
    readings = tuple(part.reading for part in parts)
    if not any(reading.listens for reading in readings):
        raise RecsysError(_nothing_found(files, readings, refused))
    with progress.task("Comparing histories", 1) as task:
        edits = find_edits(parts)
        task.advance()
    _write_table(parts, edits, target)
    reader.forget_others()
    repeated, bursts = (_by_file(readings, rows["part"]) for rows in (edits.repeated, edits.bursts))
    return ListensTable(readings, repeated, bursts, tuple(refused))


def scan_listens(table: Path) -> pl.LazyFrame:
    """Open the table of listens lazily (`LISTENS_SCHEMA`).

    Raises
    ------
    RecsysError
        A part of it cannot be read.
    """
    return pl.concat([scan_table(part) for part in sorted(table.glob("*.parquet"))])


def _read_all(
    reader: Parts, files: Sequence[Path], folder: Path, progress: Progress
) -> tuple[list[Part], list[str]]:
    """The parts of all files, each content once; and in words what could not be used."""
    parts: dict[str, Part] = {}
    refused: list[str] = []
    with progress.task("Reading histories", len(files)) as task:
        for file in files:
            for part in reader.read(file, _shown(file, folder)):
                if isinstance(part, str):
                    refused.append(part)
                elif part.content in parts:
                    first = parts[part.content].reading.file
                    refused.append(f"{part.reading.file} is the same as {first}: once only.")
                else:
                    parts[part.content] = part
            task.advance(note=file.name)
    return list(parts.values()), refused


def _shown(file: Path, folder: Path) -> PurePath:
    return file.relative_to(folder) if file.is_relative_to(folder) else PurePath(file.name)


def _write_table(parts: Sequence[Part], edits: Edits, target: Path) -> None:
    """Put each part into the table: as it is where nothing is to be done to it."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = {name for at, part in enumerate(parts) if (name := _place(part, edits, at, target))}
    for file in target.iterdir():
        if file.is_file() and file.name not in wanted:
            file.unlink()


def _place(part: Part, edits: Edits, at: int, target: Path) -> str | None:
    """Bring one file of the table up to date; its name, or `None` if nothing is left of it."""
    repeated, bursts = edits.of(at)
    if len(repeated) == part.reading.listens:
        return None
    if not len(repeated) and not len(bursts):
        name = f"{part.name}.parquet"
        _link(part.table, target / name)
        return name
    name = f"{part.name}-{hash_json([repeated.to_list(), bursts.to_list()])[:8]}.parquet"
    row = pl.col("row")
    with atomic_path(target / name) as path:
        pl.scan_parquet(part.table, glob=False, row_index_name="row").filter(
            ~row.is_in(repeated.implode())
        ).with_columns(row.is_in(bursts.implode()).alias("burst")).drop("row").sink_parquet(
            path, row_group_size=1 << 18, engine="streaming"
        )
    return name


def _link(source: Path, target: Path) -> None:
    """Let `target` be the same file as `source`, or a copy where the disk knows no such links."""
    if target.exists() and target.samefile(source):
        return
    with atomic_path(target) as path:
        try:
            os.link(source, path)
        except OSError:
            shutil.copyfile(source, path)


def _by_file(readings: Sequence[Reading], parts: Iterable[int]) -> dict[str, int]:
    counts = Counter[str]()
    for part in parts:  # names that were made safe can be alike
        counts[readings[part].file] += 1
    return dict(counts)


def _nothing_found(
    files: Sequence[Path], readings: Sequence[Reading], refused: Sequence[str]
) -> str:
    if not files:
        return "There is no listening history. Add one with `recsys import PATH`."
    reasons = [*refused, *(text for one in readings for text in one.sentences())]
    empty = [f"{one.file} has a header and no rows" for one in readings if not one.rows]
    return f"No listens were found in {len(files)} files: {' '.join([*reasons, *empty][:5])}"
