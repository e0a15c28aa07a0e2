"""Numbered blocks of work, a task each: what the work is on comes from the shared data folder."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from recsys_dagster.engines.spark.arrow import map_frames
from recsys_dagster.side_by_side import on_one_thread

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BlockWork = Callable[[int], pl.DataFrame]


def spread(session: "SparkSession", blocks: int, work: BlockWork, schema: pl.Schema) -> "DataFrame":
    """The rows of all blocks, in the order of the blocks.

    Parameters
    ----------
    session
        Classic, or of Spark Connect.
    blocks
        How many there are.
    work
        Makes the rows of a block. It goes to every task: a function of a module, with no more than
        paths, names and numbers. Matrix products stay on one thread: a task has one core.
    schema
        Of these rows.
    """
    numbers = session.range(0, blocks, 1, numPartitions=max(blocks, 1))
    return map_frames(numbers, partial(_each, work), schema)


def _each(work: BlockWork, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    with on_one_thread("blas"):
        for frame in frames:
            yield from map(work, frame["id"])
