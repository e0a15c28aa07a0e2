"""Tables of the data folder, which driver and workers see under one path."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from recsys_dagster.identity import SongKeys
from recsys_dagster.storage.atomic import make_folder, temporary_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PART, ROW = "part", "row"
_PART_FILE = re.compile(r"part-(\d+)-.+\.parquet")


def read(session: "SparkSession", files: Sequence[Path]) -> "DataFrame":
    """The rows of Parquet files of one schema."""
    return session.read.parquet(*map(_pattern, files))


def read_with_places(session: "SparkSession", files: Sequence[Path]) -> "DataFrame":
    """As `read`, and where each row stands: `PART` (position in `files`) and `ROW` in that one.

    The files have different names.
    """
    from pyspark.sql import functions as sf

    rows = read(session, files).select(
        "*",
        sf.col("_metadata.file_name").alias("file_name"),
        sf.col("_metadata.row_index").alias(ROW),
    )
    names = [(file.name, at) for at, file in enumerate(files)]
    parts = session.createDataFrame(names, f"file_name string, {PART} int")
    return rows.join(sf.broadcast(parts), "file_name").drop("file_name")


def with_keys(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Rows with their `song_key`, in a task."""
    keys = SongKeys()
    return (keys.add(frame) for frame in frames)


@contextmanager
def gathered(table: "DataFrame", target: Path) -> Iterator[pl.LazyFrame]:
    """Let the cluster compute a table, and open its rows lazily, in order.

    Workers write them to a folder beside `target`, which is gone at the end; that of a process
    that was killed is swept by the next run.
    """
    make_folder(target.parent)
    folder = temporary_name(target)
    try:
        table.write.parquet(_address(folder))
        yield pl.scan_parquet(_in_order(folder), glob=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_order(folder: Path) -> list[Path]:
    """The files that tasks wrote, by the number of the task."""
    found = ((_PART_FILE.fullmatch(file.name), file) for file in folder.iterdir())
    numbered = sorted((int(name[1]), file) for name, file in found if name)
    return [file for _, file in numbered]


def _address(path: Path) -> str:
    """A path of this disk, whatever file system is the cluster's own."""
    return f"file://{path.absolute()}"


def _pattern(path: Path) -> str:
    """What finds this file alone, whatever signs its path has: Spark reads patterns."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", _address(path))
