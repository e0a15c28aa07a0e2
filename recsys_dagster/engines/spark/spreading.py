"""Numbered blocks of work, a task each: what the work is on comes from the shared data folder."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
from pyspark.sql.pandas.types import from_arrow_schema
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def spread(
    session: "SparkSession", blocks: int, work: Callable[[int], pa.Table], schema: pa.Schema
) -> "DataFrame":
    """The rows of all blocks; those of one are together and in their order.

    Parameters
    ----------
    session
        Classic, or of Spark Connect.
    blocks
        How many there are.
    work
        Makes the rows of a block; it goes to each task, so it holds nothing but paths and numbers.
        Matrix products stay on one thread meanwhile: a task has one core.
    schema
        Of these rows.
    """

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with threadpool_limits(1, "blas"):
            for batch in batches:
                for number in batch.column("id").to_pylist():
                    yield from work(number).cast(schema).to_batches()

    numbers = session.range(0, blocks, 1, numPartitions=max(blocks, 1))
    return numbers.mapInArrow(run, from_arrow_schema(schema))


@contextmanager
def scratch_folder(room: Path) -> Iterator[Path]:
    """A new folder that is gone at the end; its name is none that a worker can remember.

    Those of `tempfile` are for their owner alone, and workers may be another user.
    """
    folder = room / uuid4().hex
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
