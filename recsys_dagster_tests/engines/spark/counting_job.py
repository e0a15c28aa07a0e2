"""A program for the cluster that tests run through Pipes: it counts, errs, or waits."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

from recsys_dagster.errors import RecsysError
from recsys_dagster.stages.base import Made
from recsys_dagster.stages.job import run_job
from recsys_dagster.workshop import Workshop

_logger = logging.getLogger("recsys_dagster.counting")


def count(shop: Workshop, session: SparkSession) -> Made:
    """Through Python workers, and with a shuffle."""

    def double(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            ids = [2 * number for number in batch.column("id").to_pylist()]
            yield pa.RecordBatch.from_pydict({"id": ids})

    numbers = session.range(0, 1000, numPartitions=4).mapInArrow(double, "id long")
    sums = numbers.groupBy((sf.col("id") % 10).alias("digit")).agg(sf.sum("id").alias("sum"))
    facts = {str(row.digit): row.sum for row in sums.collect()}
    target = shop.layout.root / "sums"
    _logger.info("Counted %d digits", len(facts))
    return [target], facts


def err(shop: Workshop, session: SparkSession) -> Made:  # noqa: ARG001
    raise RecsysError("The song in line 7 has no name. Give it one.")


def wait(shop: Workshop, session: SparkSession) -> Made:
    """Until it is ended, in a Python worker."""

    def sleep(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        time.sleep(600)
        yield from batches

    Path(shop.layout.root / "waiting").touch()
    session.range(0, 2, numPartitions=2).mapInArrow(sleep, "id long").collect()
    return [], {}


if __name__ == "__main__":
    run_job({"counted": count, "erring": err, "waiting": wait}, lambda session: session)
