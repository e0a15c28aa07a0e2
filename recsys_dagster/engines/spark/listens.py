"""Histories are read and compared by the cluster's workers."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePath
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import polars as pl

from recsys_dagster.engines.spark.arrow import map_frames, map_groups
from recsys_dagster.engines.spark.tables import PART, ROW, read_with_places, with_keys
from recsys_dagster.listening.edits import Trust, edits_among, trust_in
from recsys_dagster.listening.listens import shown
from recsys_dagster.listening.parts import Part, Parts
from recsys_dagster.listening.placing import Placed, place
from recsys_dagster.listening.readings import Reading
from recsys_dagster.progress import Progress
from recsys_dagster.storage.atomic import temporary_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AT_ONCE = 1 << 24
"""Bytes of history files that make a task, unless one file has more."""
_MOST_TASKS = 1 << 10
_FOUND = pl.Schema({"file": pl.Int64(), "found": pl.String(), "used": pl.List(pl.String())})
_KEYED = pl.Schema({PART: pl.Int32(), ROW: pl.Int64(), "user": pl.String(),
                    "song_key": pl.String(), "listened_at": pl.Datetime("us", "UTC")})  # fmt: skip
_EDITS = pl.Schema({PART: pl.Int32(), ROW: pl.Int64(), "burst": pl.Boolean()})
_PLACED = pl.Schema({PART: pl.Int32(), "name": pl.String(), "repeated": pl.Int64(),
                     "bursts": pl.Int64()})  # fmt: skip
_Files = Sequence[tuple[int, Path, PurePath]]


class Cluster:
    """See `listening.listens.Machine`."""

    def __init__(self, session: "SparkSession") -> None:
        self._session = session

    def read(
        self, files: Sequence[Path], folder: Path, reader: Parts, progress: Progress
    ) -> Iterator[Part | str]:
        """A large file is a task, and so are small ones together."""
        tasks = _tasks(files, folder)
        numbers = self._session.range(0, len(tasks), 1, max(len(tasks), 1))
        with progress.task("Reading histories", 1) as task:
            found = map_frames(numbers, partial(_read, tasks, reader), _FOUND).toArrow()
            task.advance()
        for row in pl.DataFrame(found).sort("file").iter_rows(named=True):
            reader.used.update(row["used"])
            yield from map(_from_json, json.loads(row["found"]))

    def place(self, parts: Sequence[Part], target: Path) -> list[Placed]:
        """Listens are spread by listener and song; then a part with edits is a task."""
        work, edits = partial(_place, parts, target), _edits(self._session, parts)
        tasks = min(len(parts), _MOST_TASKS)  # however few rows tell what is to be done to a part
        found = map_groups(edits, [PART], work, _PLACED, tasks).toArrow()
        edited = {part: Placed(*rest) for part, *rest in pl.DataFrame(found).iter_rows()}
        none = pl.Series([], dtype=pl.Int64)
        return [edited.get(at) or place(part, none, none, target) for at, part in enumerate(parts)]


def _tasks(files: Sequence[Path], folder: Path) -> list[_Files]:
    """Which files are read together."""
    tasks: dict[int, list[tuple[int, Path, PurePath]]] = {}
    before = 0
    for at, file in enumerate(files):
        tasks.setdefault(before // AT_ONCE, []).append((at, file, shown(file, folder)))
        before += file.stat().st_size
    return list(tasks.values())


def _read(
    tasks: Sequence[_Files], reader: Parts, numbers: Iterator[pl.DataFrame]
) -> Iterator[pl.DataFrame]:
    with _workspace(reader.folder):
        for number in (one for frame in numbers for one in frame["id"]):
            for at, file, name in tasks[number]:
                reader.used.clear()
                found = json.dumps([_to_json(one) for one in reader.read(file, name)])
                row = {"file": [at], "found": [found], "used": [sorted(reader.used)]}
                yield pl.DataFrame(row, schema=_FOUND)


@contextmanager
def _workspace(folder: Path) -> Iterator[None]:
    """Keep temporary files of a worker that is killed where the next run sweeps them."""
    before, scratch = tempfile.tempdir, temporary_name(folder / "reading")
    scratch.mkdir()
    tempfile.tempdir = str(scratch)
    try:
        yield
    finally:
        tempfile.tempdir = before
        rmtree(scratch, ignore_errors=True)


def _to_json(found: Part | str) -> Any:
    if isinstance(found, str):
        return found
    reading = found.reading.to_dict()
    return [found.name, found.content, str(found.table), reading]


def _from_json(found: Any) -> Part | str:
    if isinstance(found, str):
        return found
    name, content, table, reading = found
    return Part(name, content, Path(table), Reading.from_dict(reading))


def _edits(session: "SparkSession", parts: Sequence[Part]) -> "DataFrame":
    """What the table does not take from the parts as it stands: part, row and whether a burst."""
    rows = read_with_places(session, [part.table for part in parts])
    named = rows.select(PART, ROW, "user", "artist", "title", "listened_at")
    keyed = map_frames(named, with_keys, _KEYED)
    return map_groups(keyed, ["user", "song_key"], partial(_compare, trust_in(parts)), _EDITS)


def _compare(trust: Trust, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    for frame in frames:
        edits = edits_among(frame.sort(PART, ROW), trust)
        yield edits.repeated.with_columns(burst=pl.lit(value=False))
        yield edits.bursts.with_columns(burst=pl.lit(value=True))


def _place(
    parts: Sequence[Part], target: Path, frames: Iterator[pl.DataFrame]
) -> Iterator[pl.DataFrame]:
    for edits in (one for frame in frames for one in frame.sort(PART, ROW).partition_by(PART)):
        at = int(edits[PART][0])
        repeated, bursts = (edits.filter(pl.col("burst") == burst)[ROW] for burst in (False, True))
        placed = place(parts[at], repeated, bursts, target)
        row = (at, placed.name, placed.repeated, placed.bursts)
        yield pl.DataFrame([row], schema=_PLACED, orient="row")
