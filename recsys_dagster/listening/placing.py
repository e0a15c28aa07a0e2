"""The files of the table of listens: one a part, as it is or without what is left out of it."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import xxhash

from recsys_dagster.listening.parts import Part
from recsys_dagster.storage.atomic import atomic_path

_ROW = "row"


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a part in the table.

    Attributes
    ----------
    name
        Of its file there; `None` where nothing is left of it.
    repeated, bursts
        How many of its listens were left out and marked.
    """

    name: str | None
    repeated: int = 0
    bursts: int = 0


def place(part: Part, repeated: pl.Series, bursts: pl.Series, target: Path) -> Placed:
    """Bring the file of a part in the table up to date.

    Parameters
    ----------
    part
        What was read of a history file.
    repeated, bursts
        Its rows that are left out and marked, ascending.
    target
        Directory of the table.
    """
    if len(repeated) == part.reading.listens:
        return Placed(None, len(repeated))
    if not len(repeated) and not len(bursts):
        name = f"{part.name}.parquet"
        _link(part.table, target / name)
        return Placed(name)
    name = f"{part.name}-{_hash(repeated, bursts)}.parquet"
    row = pl.col(_ROW)
    with atomic_path(target / name) as path:
        pl.scan_parquet(part.table, glob=False, row_index_name=_ROW).filter(
            ~row.is_in(repeated.implode())
        ).with_columns(row.is_in(bursts.implode()).alias("burst")).drop(_ROW).sink_parquet(
            path, row_group_size=1 << 18, engine="streaming"
        )
    return Placed(name, len(repeated), len(bursts))


def remove_others(target: Path, placed: Iterable[Placed]) -> None:
    """Remove the files of the table that are of no part any more."""
    wanted = {one.name for one in placed}
    for file in target.iterdir():
        if file.is_file() and file.name not in wanted:
            file.unlink()


def _hash(repeated: pl.Series, bursts: pl.Series) -> str:
    digest = xxhash.xxh3_128()
    for rows in (repeated, bursts):
        digest.update(len(rows).to_bytes(8, "little"))
        digest.update(rows.to_numpy().astype("<u4").tobytes())
    return digest.hexdigest()[:8]


def _link(source: Path, target: Path) -> None:
    """Let `target` be the same file as `source`, or a copy where the disk knows no such links."""
    if target.exists() and target.samefile(source):
        return
    with atomic_path(target) as path:
        try:
            os.link(source, path)
        except OSError:
            shutil.copyfile(source, path)
