"""The factorisation on a cluster: MLlib's alternating least squares, as an `SvdModel`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pyspark.ml.recommendation import ALS
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from recsys_dagster.engines.spark.explicit import (
    estimate_biases,
    rated_with_unplayed,
    residuals,
)
from recsys_dagster.engines.spark.factors import fetch_factors, fetch_numbers
from recsys_dagster.engines.spark.submitting import CHECKPOINTS
from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import Float32Array, IntArray
from recsys_dagster.models.svd.als_config import AlsConfig, ExplicitConfig, ImplicitConfig
from recsys_dagster.models.svd.descent import LIKED_QUANTILE
from recsys_dagster.models.svd.fitting import unplayed_per_pair
from recsys_dagster.models.svd.folding import RidgeFolding
from recsys_dagster.models.svd.folding_implicit import ImplicitFolding
from recsys_dagster.models.svd.model import SvdModel

_CHECKPOINT_EVERY = 2
"""Iterations."""
_logger = logging.getLogger(__name__)


def fit_als(
    pairs: DataFrame,
    songs: IntArray,
    *,
    n_users: int,
    n_items: int,
    config: ImplicitConfig | ExplicitConfig,
    scratch: Path,
) -> SvdModel:
    """Fit a model to pairs that lie on the cluster.

    The same pairs, seed and blocks give the same model but for rounding: in which order the parts
    of a sum arrive from other machines is not fixed.

    Parameters
    ----------
    pairs
        `listener`, `song` and `plays`, a pair once; listeners from 0 up to `n_users`.
    songs
        (m,) those of which unplayed pairs may be, for the squared error.
    n_users, n_items
        Size of the matrix.
    config
        Settings; its class decides between explicit and implicit preference.
    scratch
        A folder that exists and is empty, and that the cluster sees under the same path.

    Raises
    ------
    RecsysError
        When there is nothing to train on.
    """
    size = (n_users, n_items)
    with _kept(pairs) as kept:
        if not kept.count():
            raise RecsysError(
                "there is nothing to train on: got 0 training pairs; expected at least 1. "
                "Add listening history, or raise the share of train."
            )
        if isinstance(config, ImplicitConfig):
            return _fit_implicit(kept, size, config, scratch)
        return _fit_explicit(kept, songs, size, config, scratch)


def _fit_implicit(
    pairs: DataFrame, size: tuple[int, int], config: ImplicitConfig, scratch: Path
) -> SvdModel:
    weight = F.pow(F.log1p(F.col("plays")), F.lit(config.play_exponent))
    mean = _number(pairs, F.avg(weight))
    listeners = pairs.groupBy("song").agg(F.count("*").alias("listeners"))
    counts = fetch_numbers(_numbers(listeners, "song", "listeners"), size[1], scratch / "listeners")
    item_weights = _popularity_weights(counts, config.popularity_exponent)
    share = F.col("listeners") / float(counts[counts > 0].mean(dtype=np.float64))
    confidence = weight / mean * F.pow(share, F.lit(-config.popularity_exponent))
    rated = pairs.join(listeners, "song").select(
        "listener", "song", confidence.cast("float").alias("rating")
    )
    users, items = _factors(rated, size, config, scratch)
    folding = ImplicitFolding.of(
        users,
        items,
        item_weights,
        confidence=config.confidence,
        play_exponent=config.play_exponent,
        mean_weight=mean,
        regularisation=config.regularisation,
    )
    user_bias, item_bias = (np.zeros(count, dtype=np.float32) for count in size)
    return SvdModel(0.0, user_bias, item_bias, users, items, folding)


def _fit_explicit(
    pairs: DataFrame,
    songs: IntArray,
    size: tuple[int, int],
    config: ExplicitConfig,
    scratch: Path,
) -> SvdModel:
    played = pairs.count()
    per_pair = unplayed_per_pair(played, size[0] * len(songs))
    with _kept(rated_with_unplayed(pairs, songs, per_pair, config.seed, scratch)) as rated:
        mean, unplayed = _number(rated, F.avg("rating")), rated.count() / played - 1
        liked = _number(pairs, F.percentile(F.log1p(F.col("plays")), LIKED_QUANTILE))
        biases = estimate_biases(rated, mean, config.regularisation, config.bias_rounds)
        users, items = _factors(residuals(rated, mean, *biases), size, config, scratch)
        user_bias, item_bias = (
            fetch_numbers(bias, count, scratch / f"{side}_bias")
            for bias, count, side in zip(biases, size, ("user", "item"), strict=True)
        )
    folding = RidgeFolding.of(items, item_bias, mean, config.regularisation, liked, unplayed)
    return SvdModel(mean, user_bias, item_bias, users, items, folding)


def _factors(
    rated: DataFrame, size: tuple[int, int], config: AlsConfig, scratch: Path
) -> tuple[Float32Array, Float32Array]:
    """(n_users, k) and (n_items, k) that MLlib finds for `listener`, `song` and `rating`."""
    implicit = isinstance(config, ImplicitConfig)
    als = ALS(
        rank=config.factors,
        maxIter=config.iterations,
        regParam=config.regularisation,
        numUserBlocks=config.blocks,
        numItemBlocks=config.blocks,
        implicitPrefs=implicit,
        alpha=config.confidence if isinstance(config, ImplicitConfig) else 1.0,
        userCol="listener",
        itemCol="song",
        ratingCol="rating",
        seed=config.seed,
        checkpointInterval=_CHECKPOINT_EVERY if _has_checkpoints(rated) else -1,
    )
    model = als.fit(rated)
    users = fetch_factors(model.userFactors, size[0], config.factors, scratch / "user_factors")
    items = fetch_factors(model.itemFactors, size[1], config.factors, scratch / "item_factors")
    return users, items


def _has_checkpoints(rows: DataFrame) -> bool:
    """Whether the cluster has a place to write down what the iterations have come to.

    Each iteration is a plan on top of the one before; some tens of them, or fewer where Java's
    stacks are small, are more than Spark can take apart.
    """
    found = bool(rows.sparkSession.conf.get(CHECKPOINTS, ""))
    if not found:
        _logger.warning(
            "%s is not set on the Spark Connect server: should the factorisation fail with a "
            "StackOverflowError there, set it to a folder that all workers see.", CHECKPOINTS,
        )  # fmt: skip
    return found


def _popularity_weights(listeners: Float32Array, exponent: float) -> Float32Array:
    """(n_items,) by what the confidence of a song's pairs is multiplied; 1 for unplayed songs."""
    played = listeners > 0
    share = np.where(played, listeners, 1) / listeners[played].mean(dtype=np.float64)
    return np.where(played, share**-exponent, 1).astype(np.float32)


def _numbers(rows: DataFrame, key: str, value: str) -> DataFrame:
    return rows.select(F.col(key).alias("id"), F.col(value).cast("double").alias("number"))


def _number(rows: DataFrame, column: Column) -> float:
    return float(rows.agg(column.alias("number")).collect()[0]["number"])


@contextmanager
def _kept(rows: DataFrame) -> Iterator[DataFrame]:
    """Rows that the cluster keeps while they are used more than once."""
    rows = rows.persist()
    try:
        yield rows
    finally:
        rows.unpersist()
