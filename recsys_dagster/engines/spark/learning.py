"""Which pairs the models learn from, on the cluster: what `evaluation.variants` says of arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from recsys_dagster.evaluation.split import COLD_IN, Split, make_split
from recsys_dagster.evaluation.variants import COLD, FINAL, cold_listeners, fold_names
from recsys_dagster.models.arrays import IntArray


@dataclass(frozen=True)
class LearningPairs:
    """All pairs, on the cluster, and what is known of their listeners.

    Attributes
    ----------
    table
        A row a pair: `listener` (the place of the name in alphabetical order), `song`, `plays`,
        `early`, and `fold`, `few` and `hidden`, by which a variant's are chosen. Kept by the
        cluster until `release` is called.
    names
        Of the listeners.
    split
        Who is held out, with one row a listener instead of the pairs: their plays in all.
    asked
        (m,) listeners who played something for the first time after the cut, and something before.
    n_songs
        Size of the catalogue.
    """

    table: DataFrame
    names: tuple[str, ...]
    split: Split
    asked: IntArray
    n_songs: int

    @property
    def variants(self) -> list[str]:
        """The names of all sets of models, the final one last."""
        return [*fold_names(self.split), *([COLD] if self.split.folds else []), FINAL]

    def learned(self, variant: str) -> DataFrame:
        """The pairs that a variant learns from: `listener`, `song`, `plays`."""
        if variant == FINAL:
            return self.table.select("listener", "song", "plays")
        found = self.table.where(self._learned(variant))
        return found.select("listener", "song", F.col("early").alias("plays"))

    def _learned(self, variant: str) -> Column:
        names = fold_names(self.split)
        if variant == COLD:
            return self._learned(names[0]) & F.col("few") & ~F.col("hidden")
        return (F.col("early") > 0) & (F.col("fold") != names.index(variant))

    def played_songs(self) -> IntArray:
        """The songs that anybody plays, (m,)."""
        ids = self.table.select("song").distinct().toArrow().column("song").to_numpy()
        return np.sort(ids.astype(np.int64))

    def checked(self) -> DataFrame:
        """What the listeners of the first fold's models played for the first time later on."""
        late = (F.col("early") == 0) & (F.col("plays") > 0) & (F.col("fold") != 0)
        return self.table.where(late).select("listener", "song")

    def release(self) -> None:
        """Tell the cluster that the pairs are not needed any more."""
        self.table.unpersist()


def read_learning_pairs(
    spark: SparkSession, interactions: Path, songs: Path, scratch: Path
) -> LearningPairs:
    """Read the tables, number the listeners and deal them.

    Parameters
    ----------
    interactions, songs
        The Parquet files of the pipeline, under a path that the cluster sees too.
    scratch
        A folder that exists and that the cluster sees too; listeners are handed over in it.
    """
    catalogue = spark.read.parquet(str(songs)).select(
        "song_key", F.col("song_id").cast("int").alias("song"), _hidden().alias("hidden")
    )
    played = spark.read.parquet(str(interactions)).select(
        "user", "song_key", F.col("play_count").alias("plays"), F.col("early_plays").alias("early")
    )
    pairs = played.join(catalogue, "song_key").drop("song_key")
    listeners = _count_listeners(pairs)
    names = tuple(listeners["user"])
    split = _deal(listeners, names)
    number = np.arange(len(names), dtype=np.int32)
    few = np.isin(number, cold_listeners(split)) if split.folds else np.zeros(len(names), bool)
    dealt = pl.DataFrame(
        {"user": names, "listener": number, "fold": split.fold.astype(np.int32), "few": few},
        schema_overrides={"user": pl.String()},
    )
    dealt.write_parquet(scratch / "listeners.parquet")
    early = F.col("early") if split.timed else F.col("plays")
    table = pairs.join(spark.read.parquet(str(scratch / "listeners.parquet")), "user").select(
        "listener", "song", "plays", early.alias("early"), "fold", "few", "hidden"
    )
    late = listeners["later"] & (listeners["early"] > 0) & pl.Series(split.fold != 0)
    asked = np.flatnonzero(late.to_numpy()) if split.timed else np.zeros(0, dtype=np.int64)
    return LearningPairs(table.persist(), names, split, asked, catalogue.count())


def _hidden() -> Column:
    """`evaluation.split.hide` of the column `song_key`."""
    first = F.conv(F.substring(F.sha2(F.col("song_key"), 256), 1, 12), 16, 10)
    return first.cast("long") % COLD_IN == 0


def _count_listeners(pairs: DataFrame) -> pl.DataFrame:
    """One row a listener, by name: plays, those before the cut, and whether anything is new."""
    counted = pairs.groupBy("user").agg(
        F.sum("plays").alias("plays"),
        F.sum("early").alias("early"),
        F.max((F.col("early") == 0) & (F.col("plays") > 0)).alias("later"),
    )
    found = pl.from_arrow(counted.toArrow())
    assert isinstance(found, pl.DataFrame)  # noqa: S101
    return found.sort("user")


def _deal(listeners: pl.DataFrame, names: Sequence[str]) -> Split:
    """The split, of one row a listener: sums say as well who played on both sides of the cut."""
    count = len(names)
    plays, early = (listeners[name].to_numpy() for name in ("plays", "early"))
    return make_split(np.arange(count), np.zeros(count, np.int64), plays, early, names)
