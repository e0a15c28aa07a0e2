"""A cluster: Spark, with Polars and the same compiled loops on its workers."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from recsys_dagster.engines.spark.interactions import count_interactions
from recsys_dagster.engines.spark.listens import Cluster
from recsys_dagster.engines.spark.ranking import ranking_on
from recsys_dagster.engines.spark.recommending import recommend_on
from recsys_dagster.engines.spark.tables import gathered, read
from recsys_dagster.engines.spark.variants import fit_variants
from recsys_dagster.evaluation.ranking import Ranking
from recsys_dagster.listening.interactions import INTERACTIONS_SCHEMA
from recsys_dagster.listening.listens import ListensTable, sync_listens, table_files
from recsys_dagster.listening.songs import id_counts, number_songs, spelling_counts
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.storage.tables import scan_table, write_sealed, write_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class SparkEngine:
    """See `ComputeEngine`.

    Parameters
    ----------
    session
        Of the cluster; both a classic and a Spark Connect one do.
    """

    def __init__(self, session: "SparkSession") -> None:
        self._session = session

    def fit_variants(
        self, interactions: Path, songs: Path, directory: Path, objective: str, *,
        only: Sequence[str] | None, scratch: Path, progress: Progress,
    ) -> dict[str, Any]:  # fmt: skip
        """See `ComputeEngine`."""
        return fit_variants(
            self._session, interactions, songs, directory, objective,
            only=only, scratch=scratch, progress=progress,
        )  # fmt: skip

    def sync_listens(
        self, files: Sequence[Path], folder: Path, target: Path, cache: Path,
        progress: Progress = SILENT,
    ) -> ListensTable:  # fmt: skip
        """See `ComputeEngine`."""
        machine = Cluster(self._session)
        return sync_listens(files, folder, target, cache, progress, machine=machine)

    def scan_listens(self, table: Path) -> "DataFrame":
        """See `ComputeEngine`."""
        return read(self._session, table_files(table))

    def scan(self, table: Path) -> "DataFrame":
        """See `ComputeEngine`."""
        scan_table(table)  # refuses what is not there or damaged, in words
        return read(self._session, [table])

    def count_interactions(self, listens: Path, cut: datetime | None, target: Path) -> None:
        """See `ComputeEngine`."""
        counted = count_interactions(self._session, table_files(listens), cut)
        with gathered(counted, target) as rows:
            write_table(rows.cast(INTERACTIONS_SCHEMA), target)

    def unique_songs(
        self, interactions: Path, known: pl.DataFrame | None, target: Path
    ) -> pl.DataFrame:
        """See `ComputeEngine`; what has a row a song is for the driver, which returns it."""
        played = self.scan(interactions)
        spellings, ids = (count(played).to_native() for count in (spelling_counts, id_counts))
        with gathered(spellings, target) as spelled, gathered(ids, target) as counted:
            songs = number_songs(spelled, counted, known)
        write_sealed(songs, target)
        return songs

    def recommend_all(
        self, release: Path, target: Path, progress: Progress = SILENT  # noqa: ARG002
    ) -> None:  # fmt: skip
        """See `ComputeEngine`; how far it is, Spark tells."""
        recommend_on(self._session, release, target)

    def ranking(self, scratch: Path) -> AbstractContextManager[Ranking]:
        """See `ComputeEngine`."""
        return ranking_on(self._session, scratch)
