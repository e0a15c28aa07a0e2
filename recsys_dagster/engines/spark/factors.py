"""Rows that the cluster has learned, as arrays: through Parquet, a part at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from recsys_dagster.models.arrays import Float32Array


def fetch_factors(rows: DataFrame, size: int, factors: int, folder: Path) -> Float32Array:
    """Rows of `id` and `features`, as MLlib leaves them, as (size, factors); others are 0.

    Parameters
    ----------
    folder
        Is made, by the cluster; it must see it under this path.
    """
    found = np.zeros((size, factors), dtype=np.float32)
    for part in _parts(rows.select("id", "features"), folder):
        features: Any = part.column("features")
        found[part.column("id").to_numpy()] = features.flatten().to_numpy().reshape(-1, factors)
    return found


def fetch_numbers(rows: DataFrame, size: int, folder: Path) -> Float32Array:
    """Rows of `id` and `number` as (size,); others are 0. See `fetch_factors`."""
    found = np.zeros(size, dtype=np.float32)
    for part in _parts(rows.select("id", "number"), folder):
        found[part.column("id").to_numpy()] = part.column("number").to_numpy()
    return found


def _parts(rows: DataFrame, folder: Path) -> Iterator[pa.RecordBatch]:
    rows.write.parquet(str(folder))
    for file in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(file) as parquet:
            yield from parquet.iter_batches()
