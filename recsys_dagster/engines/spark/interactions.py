"""Who played which song how often, counted by the cluster."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

from recsys_dagster.engines.spark.arrow import map_frames, map_groups
from recsys_dagster.engines.spark.tables import PART, ROW, read_with_places, with_keys
from recsys_dagster.listening.interactions import INTERACTIONS_SCHEMA, settled, spelled

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SPELLING = ["user", "artist", "title"]
_MOST_ROWS = 1 << 40
"""In a file of the table of listens."""
_COUNTS = {"listens": pl.Int64(), "play_count": pl.Int64(), "early_plays": pl.Int64(),
           "first_listen": pl.Datetime("us", "UTC"), "last_listen": pl.Datetime("us", "UTC"),
           ROW: pl.Int64()}  # fmt: skip
_KEYED = pl.Schema(
    {**dict.fromkeys((*_SPELLING, "spotify_id", "song_key"), pl.String()), **_COUNTS}
)
_SETTLED = pl.Schema({**INTERACTIONS_SCHEMA, ROW: pl.Int64()})


def count_interactions(
    session: "SparkSession", files: Sequence[Path], cut: datetime | None
) -> "DataFrame":
    """See `listening.interactions.count_interactions`.

    Parameters
    ----------
    session
        Of the cluster.
    files
        Those of the table of listens, in order.
    cut
        `early_plays` are those before it.
    """
    rows = read_with_places(session, files)
    listens = rows.withColumn(ROW, rows[PART].cast("long") * _MOST_ROWS + rows[ROW])
    counts = nw.to_native(spelled(listens, [*_SPELLING, "spotify_id"], cut))
    keyed = map_frames(counts, with_keys, _KEYED)
    counted = map_groups(keyed, ["user", "song_key"], _settle, _SETTLED)
    return counted.orderBy("user", ROW).drop(ROW)


def _settle(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    for frame in frames:
        by_spelling = frame.group_by(*_SPELLING, "song_key").agg(
            pl.col("play_count", "early_plays").sum(),
            pl.col("first_listen").min(),
            pl.col("last_listen").max(),
            pl.col(ROW).min(),
        )
        ids = frame.filter(pl.col("spotify_id").is_not_null())
        yield settled(by_spelling, ids)
