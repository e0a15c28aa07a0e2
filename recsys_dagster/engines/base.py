"""What differs between one machine and a cluster; everything else of a stage is the same."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import polars as pl
from narwhals.typing import IntoLazyFrame

from recsys_dagster.listening.listens import ListensTable
from recsys_dagster.progress import SILENT, Progress


class ComputeEngine(Protocol):
    """The steps of stages that read what grows with the listens.

    Tables are Parquet files of the data folder, and both engines write the same rows in the same
    order.
    """

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
