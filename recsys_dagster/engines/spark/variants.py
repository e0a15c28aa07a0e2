"""The factorisation of every variant: without each fold, without cold songs, and of everything."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from recsys_dagster.engines.spark.als import fit_als
from recsys_dagster.engines.spark.learning import LearningPairs, read_learning_pairs
from recsys_dagster.models.arrays import IntArray
from recsys_dagster.models.svd.als_config import ExplicitConfig, ImplicitConfig, als_config
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.rows import Rows
from recsys_dagster.models.svd.validation import RankingValidation
from recsys_dagster.progress import SILENT, Progress

MOST_ASKED = 2_000
"""Of more listeners, every so many are asked when the first fold's model is validated."""
MEASURE = "ndcg@20"


def fit_variants(
    spark: SparkSession,
    interactions: Path,
    songs: Path,
    directory: Path,
    objective: str,
    *,
    only: Sequence[str] | None = None,
    config: ImplicitConfig | ExplicitConfig | None = None,
    scratch: Path | None = None,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """Fit the models of all variants and save each in a folder of its name.

    Parameters
    ----------
    interactions, songs
        The Parquet files of the pipeline. The cluster must see them, and `scratch`, under the
        same paths.
    directory
        Exists; models are saved in it.
    objective
        `ranking`: implicit preference. `squared`: explicit preference.
    only
        Some of the variants, such as the final one for a refresh: alternating least squares has
        no earlier model to start from, so it is fitted anew. By default all.
    config
        Settings; by default those of the objective.
    scratch
        A folder in which one is made for what is handed over, and removed; by default that of
        `directory`.

    Returns
    -------
    Facts
        As the factorisation of one machine leaves them: `best_epoch` is the number of iterations,
        all of which are done, and `curve` has that one. `valid` is the NDCG@20 of what listeners
        of the first fold's model played for the first time after the cut; None where there is no
        cut, or where that fold was not fitted.
    """
    with TemporaryDirectory(prefix=".als-", dir=scratch or directory.parent) as folder:
        pairs = read_learning_pairs(spark, interactions, songs, Path(folder))
        try:
            return _fit_variants(
                pairs, directory, objective, only or pairs.variants, config, Path(folder), progress
            )
        finally:
            pairs.release()


def _fit_variants(
    pairs: LearningPairs,
    directory: Path,
    objective: str,
    wanted: Sequence[str],
    config: ImplicitConfig | ExplicitConfig | None,
    scratch: Path,
    progress: Progress,
) -> dict[str, Any]:
    config = config or _config(pairs, objective)
    size: dict[str, int] = {"n_users": len(pairs.names), "n_items": pairs.n_songs}
    catalogue = pairs.played_songs()
    valid, found = float("nan"), ""
    with progress.task("Fitting the factorisation on the cluster", len(wanted)) as task:
        for name in wanted:
            folder = scratch / name
            folder.mkdir()
            learned = pairs.learned(name)
            model = fit_als(learned, catalogue, **size, config=config, scratch=folder)
            (directory / name).mkdir()
            model.save(directory / name)
            found = model.folding.objective
            if name == pairs.variants[0]:
                valid = validate(pairs, model)
            task.advance(note=name)
    row = {
        "epoch": config.iterations, "train_loss": None, "valid": None if valid != valid else valid
    }  # fmt: skip
    return {
        "best_epoch": config.iterations, "measure": MEASURE, "curve": [row], **size,
        "config": asdict(config), "variants": [*wanted], "objective": found,
    }  # fmt: skip


def _config(pairs: LearningPairs, objective: str) -> ImplicitConfig | ExplicitConfig:
    rated = pairs.learned(pairs.variants[0]).agg(F.avg(F.log1p("plays")).alias("mean"))
    mean = float(rated.collect()[0]["mean"] or 0)
    return als_config(objective, mean, len(pairs.names))


def validate(pairs: LearningPairs, model: SvdModel, most: int = MOST_ASKED) -> float:
    """NDCG@20 of the first fold's model, as `RankingValidation` measures it; NaN for nobody.

    Of more than `most` listeners, every so many.
    """
    if not len(pairs.asked):
        return float("nan")
    asked = pairs.asked[:: -(-len(pairs.asked) // most)]
    known, new = (
        _pairs(_of(asked, table), asked)
        for table in (pairs.learned(pairs.variants[0]), pairs.checked())
    )
    k, n_items = model.item_factors.shape[1], len(model.item_bias)
    rows = Rows.zeros(len(asked), n_items, k)
    rows.user_factors[:], rows.user_bias[:] = model.user_factors[asked], model.user_bias[asked]
    rows.item_factors[:], rows.item_bias[:] = model.item_factors, model.item_bias
    validation = RankingValidation.of(known, new, (len(asked), n_items))
    met = np.where(model.item_factors.any(axis=1), 0, -np.inf).astype(np.float32)
    return replace(validation, met=met).ndcg(rows)


def _of(asked: IntArray, table: DataFrame) -> pl.DataFrame:
    """The pairs of some listeners."""
    spark = table.sparkSession
    few = spark.createDataFrame(pl.DataFrame({"listener": asked.astype(np.int32)}).to_arrow())
    found = pl.from_arrow(
        table.join(F.broadcast(few), "listener").select("listener", "song").toArrow()
    )
    assert isinstance(found, pl.DataFrame)  # noqa: S101
    return found


def _pairs(found: pl.DataFrame, asked: IntArray) -> Pairs:
    """Pairs with the listeners numbered by their place among those asked."""
    users = np.searchsorted(asked, found["listener"].to_numpy()).astype(np.int32)
    items = found["song"].to_numpy().astype(np.int32)
    return Pairs(users, items, np.ones(len(users), dtype=np.float32))
