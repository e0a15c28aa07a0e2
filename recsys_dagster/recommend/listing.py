"""The table of what every listener is recommended, written as the blocks come."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.batch import Batch, Block, recommend_all
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.packing import Parts
from recsys_dagster.storage.tables import write_table

SONGS_EACH = 20
_COLUMNS: dict[str, pl.DataType] = {
    "user": pl.String(),
    "rank": pl.Int32(),
    "song_id": pl.Int64(),
    "score": pl.Float32(),
    "source": pl.Enum(PARTS),
}
SCHEMA = pl.Schema(_COLUMNS)


def write_recommendations(
    parts: Parts,
    target: Path,
    *,
    n: int = SONGS_EACH,
    threads: int = 2,
    progress: Progress = SILENT,
) -> None:
    """Write `n` songs for each listener of a release by the hybrid.

    Only a few blocks are in memory at a time. See `recommend_all`.
    """
    engine = Engine(parts.models, parts.ranker)

    # What polars could ask a source for is for readers; this one is written whole.
    def blocks(columns: list[str] | None, *_: object) -> Iterator[pl.DataFrame]:
        found = recommend_all(engine, parts.histories, n=n, threads=threads, progress=progress)
        for block in found:
            table = table_of(block, parts.histories.users)
            yield table if columns is None else table.select(columns)

    write_table(register_io_source(blocks, schema=SCHEMA, is_pure=True), target)


def batch_of(parts: Parts, n: int = SONGS_EACH) -> Batch:
    """What makes any block of that table by itself."""
    return Batch(Engine(parts.models, parts.ranker), parts.histories, "hybrid", n)


def table_of(block: Block, users: tuple[str, ...]) -> pl.DataFrame:
    """A block's rows of that table."""
    row, place = np.nonzero(block.ids >= 0)
    names = pl.Series([users[one] for one in block.listeners])
    found: dict[str, pl.Series] = {
        "user": names.gather(row),
        "rank": pl.Series(place + 1),
        "song_id": pl.Series(block.ids[row, place]),
        "score": pl.Series(block.scores[row, place]),
        "source": pl.Series(PARTS).gather(block.sources[row, place].astype(np.int64)),
    }
    return pl.DataFrame(found).cast(SCHEMA)
