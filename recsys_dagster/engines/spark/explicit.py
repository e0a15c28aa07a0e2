"""What the squared error needs before the factors, on the cluster: unplayed pairs and biases."""

from pathlib import Path

import numpy as np
import polars as pl
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from recsys_dagster.models.arrays import IntArray


def rated_with_unplayed(
    pairs: DataFrame, songs: IntArray, per_pair: int, seed: int, scratch: Path
) -> DataFrame:
    """Played pairs rated log(1 + plays), and sampled unplayed ones rated 0.

    As `models.svd.unplayed` samples them: listeners as often as they play something, songs evenly;
    what was played, or drawn before, is dropped. What is drawn depends on listener, song and seed
    alone, by a hash, so that a part that is computed again is the same.

    Parameters
    ----------
    pairs
        `listener`, `song`, `plays`.
    songs
        (m,) to draw from; at least one.
    per_pair
        How many are drawn for each played one.
    scratch
        A folder that the cluster sees too, in which the songs are handed over.
    """
    places = pl.DataFrame({"place": np.arange(len(songs)), "song": songs.astype(np.int32)})
    places.write_parquet(scratch / "pool.parquet")
    pool = pairs.sparkSession.read.parquet(str(scratch / "pool.parquet"))
    draws = F.explode(F.sequence(F.lit(1), F.lit(per_pair))).alias("draw")
    hashed = F.xxhash64("listener", "song", "draw", F.lit(seed))
    drawn = (
        pairs.select("listener", "song", draws)
        .select("listener", F.pmod(hashed, F.lit(len(songs))).alias("place"))
        .distinct()
        .join(pool, "place")
        .join(pairs.select("listener", "song"), ["listener", "song"], "left_anti")
    )
    played = pairs.select("listener", "song", F.log1p(F.col("plays")).alias("rating"))
    return played.unionByName(drawn.select("listener", "song", F.lit(0.0).alias("rating")))


def estimate_biases(
    rated: DataFrame, mean: float, regularisation: float, rounds: int
) -> tuple[DataFrame, DataFrame]:
    """The biases of listeners and songs, `id` and `number` each.

    In turn, b_i = Σ (r - μ - b_u) / (n (1 + λ)) over the n pairs of i, and b_u alike: the least
    squares with λ n b², one side standing still.

    Parameters
    ----------
    rated
        `listener`, `song`, `rating`.
    mean
        μ.
    regularisation
        λ.
    rounds
        How often each side is estimated.
    """
    listeners = _zero(rated, "listener")
    songs = _zero(rated, "song")
    for _ in range(rounds):
        songs = _estimated(rated, "song", "listener", listeners, mean, regularisation)
        listeners = _estimated(rated, "listener", "song", songs, mean, regularisation)
    return listeners, songs


def _zero(rated: DataFrame, side: str) -> DataFrame:
    return rated.select(F.col(side).alias("id"), F.lit(0.0).alias("number")).distinct()


def _estimated(
    rated: DataFrame, side: str, other: str, biases: DataFrame, mean: float, regularisation: float
) -> DataFrame:
    known = biases.select(F.col("id").alias(other), "number")
    rest = F.col("rating") - F.lit(mean) - F.col("number")
    return (
        rated.join(known, other)
        .groupBy(F.col(side).alias("id"))
        .agg((F.avg(rest) / (1 + regularisation)).alias("number"))
        .persist()
    )


def residuals(rated: DataFrame, mean: float, listeners: DataFrame, songs: DataFrame) -> DataFrame:
    """What the biases leave of each rating: `listener`, `song`, `rating`."""
    of_listener = listeners.select(F.col("id").alias("listener"), F.col("number").alias("b_u"))
    of_song = songs.select(F.col("id").alias("song"), F.col("number").alias("b_i"))
    rest = F.col("rating") - F.lit(mean) - F.col("b_u") - F.col("b_i")
    joined = rated.join(of_listener, "listener").join(of_song, "song")
    return joined.select("listener", "song", rest.cast("float").alias("rating"))
