"""Fits small models on the cluster that the environment names, and leaves what it saw as files."""

import json
from pathlib import Path

from pyspark.sql import DataFrame

from recsys_dagster.engines.spark.explicit import rated_with_unplayed
from recsys_dagster.engines.spark.learning import read_learning_pairs
from recsys_dagster.engines.spark.session import open_session
from recsys_dagster.engines.spark.variants import fit_variants
from recsys_dagster.models.svd.fitting import unplayed_per_pair
from recsys_dagster.settings import load_settings
from recsys_dagster_tests.engines.spark.fitting import EXPLICIT, IMPLICIT


def main(folder: Path) -> None:
    """Fit to `interactions.parquet` and `songs.parquet` of a folder."""
    tables = folder / "interactions.parquet", folder / "songs.parquet"
    facts = {}
    with open_session(load_settings()) as spark:
        spark.conf.set("spark.sql.shuffle.partitions", "2")
        pairs = read_learning_pairs(spark, *tables, folder)
        for name in pairs.variants:
            _leave(pairs.learned(name), folder / f"learned-{name}.parquet")
        learned, songs = pairs.learned("fold-0"), pairs.played_songs()
        per_pair = unplayed_per_pair(learned.count(), len(pairs.names) * len(songs))
        rated = rated_with_unplayed(learned, songs, per_pair, EXPLICIT.seed, folder)
        _leave(rated, folder / "rated.parquet")
        pairs.release()
        for name, config in (("implicit", IMPLICIT), ("squared", EXPLICIT)):
            (folder / name).mkdir()
            facts[name] = fit_variants(
                spark, *tables, folder / name, "", only=["fold-0"], config=config
            )
    (folder / "facts.json").write_text(json.dumps(facts))


def _leave(rows: DataFrame, path: Path) -> None:
    rows.coalesce(1).write.parquet(str(path))
