"""Songs for every listener of a release, a block of listeners in each task."""

from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from recsys_dagster.engines.spark.spreading import spread
from recsys_dagster.engines.spark.tables import gathered
from recsys_dagster.recommend.batch import Batch, count_blocks
from recsys_dagster.recommend.listing import SCHEMA, SONGS_EACH, batch_of, table_of
from recsys_dagster.recommend.packing import open_histories, unpack
from recsys_dagster.storage.tables import write_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_ROWS = pl.Schema({**SCHEMA, "source": pl.String()})


def recommend_on(session: "SparkSession", release: Path, target: Path, n: int = SONGS_EACH) -> None:
    """Write what `write_recommendations` writes, row for row.

    Parameters
    ----------
    session
        Classic, or of Spark Connect.
    release
        The directory of a release, which all workers see.
    target
        The table.
    n
        How many songs for each listener.
    """
    blocks = count_blocks(len(open_histories(release).users))
    listed = spread(session, blocks, partial(_listed, str(release), n), _ROWS)
    with gathered(listed, target) as rows:
        write_table(rows.cast(SCHEMA), target)


def _listed(release: str, n: int, block: int) -> pl.DataFrame:
    batch = _opened(release, n)
    return table_of(batch.block(block), batch.histories.users)


@lru_cache(maxsize=1)
def _opened(release: str, n: int) -> Batch:
    """Opened once in each Python worker, which does one block after the other."""
    return batch_of(unpack(Path(release), for_batches=True), n)
