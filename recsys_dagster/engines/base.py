"""What differs between one machine and a cluster; everything else of a stage is the same."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl
from narwhals.typing import IntoLazyFrame

from recsys_dagster.evaluation.ranking import Ranking
from recsys_dagster.listening.listens import ListensTable
from recsys_dagster.progress import SILENT, Progress


class FitVariants(Protocol):
    """Fits the factorisation of every variant; see `engines.spark.variants.fit_variants`."""

    def __call__(
        self, interactions: Path, songs: Path, directory: Path, objective: str, *,
        only: Sequence[str] | None, scratch: Path, progress: Progress,
    ) -> dict[str, Any]:  # fmt: skip
        """Fit them and save them."""


class ComputeEngine(Protocol):
    """The steps of stages that read what grows with the listens.

    Tables are Parquet files of the data folder, and both engines write the same rows in the same
    order.
    """

    @property
    def fit_variants(self) -> FitVariants | None:
        """How the factorisation is fitted where not by our own descent, on this machine."""

    def sync_listens(
        self, files: Sequence[Path], folder: Path, target: Path, cache: Path,
        progress: Progress = SILENT,
    ) -> ListensTable:  # fmt: skip
        """Bring the table of listens in step with the history files; see `listens.sync_listens`."""

    def scan_listens(self, table: Path) -> IntoLazyFrame:
        """Open the table of listens lazily."""

    def scan(self, table: Path) -> IntoLazyFrame:
        """Open another table lazily."""

    def count_interactions(self, listens: Path, cut: datetime | None, target: Path) -> None:
        """Write who played which song how often; see `interactions.count_interactions`."""

    def unique_songs(
        self, interactions: Path, known: pl.DataFrame | None, target: Path
    ) -> pl.DataFrame:
        """Write the songs (`storage.tables.write_sealed`) and return them; see `songs`."""

    def recommend_all(self, release: Path, target: Path, progress: Progress = SILENT) -> None:
        """Write the songs for every listener of a release; see `listing.write_recommendations`."""

    def ranking(self, scratch: Path) -> AbstractContextManager[Ranking]:
        """What makes the evaluation's lists, with a folder for temporary files."""
