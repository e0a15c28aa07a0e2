"""Songs for every listener of a release, a block of listeners in each task."""

from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from recsys_dagster.engines.spark.spreading import scratch_folder, spread
from recsys_dagster.recommend.batch import Batch, count_blocks
from recsys_dagster.recommend.listing import SCHEMA, SONGS_EACH, batch_of, table_of
from recsys_dagster.recommend.packing import open_histories, unpack
from recsys_dagster.storage.tables import write_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_ROWS = pa.schema(
    {
        "user": pa.string(),
        "rank": pa.int32(),
        "song_id": pa.int64(),
        "score": pa.float32(),
        "source": pa.string(),
    }
)


def recommend_on(
    session: "SparkSession", release: Path, target: Path, scratch: Path, n: int = SONGS_EACH
) -> None:
    """Write what `write_recommendations` writes, row for row.

    Parameters
    ----------
    session
        Classic, or of Spark Connect.
    release
        The directory of a release, which all workers see.
    target
        The table.
    scratch
        A folder for temporary files, which all workers see.
    n
        How many songs for each listener.
    """
    blocks = count_blocks(len(open_histories(release).users))
    rows = spread(session, blocks, partial(_listed, str(release), n), _ROWS)
    with scratch_folder(scratch) as folder:
        written = folder / "blocks"
        # The scheme says that it is no path of the cluster's own file system.
        rows.write.option("compression", "zstd").parquet(f"file://{written}")
        parts = sorted(written.glob("part-*.parquet"), key=_place)
        write_table(pl.scan_parquet(parts, glob=False).cast(SCHEMA), target)


def _place(part: Path) -> tuple[int, str]:
    """A part's number, `part-00012-….parquet`, which is its task's and so its block's."""
    return int(part.name.split("-")[1]), part.name


def _listed(release: str, n: int, block: int) -> pa.Table:
    batch = _opened(release, n)
    table = table_of(batch.block(block), batch.histories.users)
    return table.cast({"source": pl.String}).to_arrow()


@lru_cache(maxsize=1)
def _opened(release: str, n: int) -> Batch:
    """Opened once in each Python worker, which does one block after the other."""
    return batch_of(unpack(Path(release)), n)
