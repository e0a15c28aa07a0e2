"""Polars on the cluster's workers: rows come and go as Arrow, a bounded number of them at once."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROWS_AT_ONCE = 1 << 18
GROUP = "group_hash"
"""Column by which rows of a group stand together."""

Work = Callable[[Iterator[pl.DataFrame]], Iterator[pl.DataFrame]]
"""What a task does; a function of a module, for workers look it up by its name."""


def map_frames(table: "DataFrame", work: Work, schema: pl.Schema) -> "DataFrame":
    """Let each task do something with its rows, `ROWS_AT_ONCE` at a time.

    Parameters
    ----------
    table
        A table of Spark.
    work
        Takes the rows of a task and gives others.
    schema
        Of what it gives.
    """
    return table.mapInArrow(partial(_run, work, schema), spark_schema(schema))


def map_groups(
    table: "DataFrame", by: list[str], work: Work, schema: pl.Schema, tasks: int | None = None
) -> "DataFrame":
    """`map_frames` with whole groups: rows that are equal in `by` come to one task at once.

    Rows are spread by a hash, so that what one listener has of many songs is spread too; over as
    many tasks as Spark finds right for their size, unless `tasks` says how many.
    """
    from pyspark.sql import functions as sf

    hashed = table.withColumn(GROUP, sf.xxhash64(*by))
    # To sort by a number costs a fraction of sorting by names; groups of one hash come together.
    spread = hashed.repartition(tasks, GROUP) if tasks else hashed.repartition(GROUP)
    return map_frames(spread.sortWithinPartitions(GROUP), partial(_in_groups, work), schema)


def _run(
    work: Work, schema: pl.Schema, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    arrow = arrow_schema(schema)
    for frame in work(_frames(batches)):
        table = frame.select(schema.names()).cast(schema).to_arrow()
        yield from table.cast(arrow).to_batches(max_chunksize=ROWS_AT_ONCE)


def _frames(batches: Iterator[pa.RecordBatch]) -> Iterator[pl.DataFrame]:
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(one.num_rows for one in held) >= ROWS_AT_ONCE:
            yield pl.DataFrame(pa.Table.from_batches(held))
            held = []
    if any(one.num_rows for one in held):
        yield pl.DataFrame(pa.Table.from_batches(held))


def _in_groups(work: Work, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    return work(whole_groups(frames))


def whole_groups(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Frames sorted by `GROUP`, cut anew so that no group is in two of them."""
    rest: pl.DataFrame | None = None
    for frame in frames:
        rows = frame if rest is None else pl.concat([rest, frame])
        last = rows[GROUP].search_sorted(rows[GROUP][-1], side="left")
        if last:
            yield rows[:last].drop(GROUP)
        rest = rows[last:]
    if rest is not None:
        yield rest.drop(GROUP)


def arrow_schema(schema: pl.Schema) -> pa.Schema:
    """A schema of Polars in the types that Spark takes."""
    fields = schema.to_frame().to_arrow().schema
    return pa.schema([(one.name, _small(one.type)) for one in fields])


def _small(kind: pa.DataType) -> pa.DataType:
    """Spark knows no text or list beyond 2 GB."""
    if pa.types.is_large_list(kind):
        return pa.list_(_small(kind.value_type))
    return pa.string() if pa.types.is_large_string(kind) else kind


def spark_schema(schema: pl.Schema) -> Any:
    """A schema of Polars, as Spark has it."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(arrow_schema(schema))
