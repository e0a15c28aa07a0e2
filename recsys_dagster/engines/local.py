"""One machine: Polars and Numba."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

import polars as pl

from recsys_dagster.evaluation.ranking import Ranking, rank_here
from recsys_dagster.listening.interactions import count_interactions
from recsys_dagster.listening.listens import ListensTable, scan_listens, sync_listens
from recsys_dagster.listening.songs import unique_songs
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.listing import write_recommendations
from recsys_dagster.recommend.packing import unpack
from recsys_dagster.side_by_side import THREADS
from recsys_dagster.storage.tables import scan_table, write_sealed, write_table


class LocalEngine:
    """See `ComputeEngine`."""

    fit_variants = None

    def sync_listens(
        self, files: Sequence[Path], folder: Path, target: Path, cache: Path,
        progress: Progress = SILENT,
    ) -> ListensTable:  # fmt: skip
        """See `ComputeEngine`."""
        return sync_listens(files, folder, target, cache, progress)

    def scan_listens(self, table: Path) -> pl.LazyFrame:
        """See `ComputeEngine`."""
        return scan_listens(table)

    def scan(self, table: Path) -> pl.LazyFrame:
        """See `ComputeEngine`."""
        return scan_table(table)

    def count_interactions(self, listens: Path, cut: datetime | None, target: Path) -> None:
        """See `ComputeEngine`."""
        write_table(count_interactions(scan_listens(listens), cut), target)

    def unique_songs(
        self, interactions: Path, known: pl.DataFrame | None, target: Path
    ) -> pl.DataFrame:
        """See `ComputeEngine`."""
        songs = unique_songs(scan_table(interactions), known)
        write_sealed(songs, target)
        return songs

    def recommend_all(self, release: Path, target: Path, progress: Progress = SILENT) -> None:
        """See `ComputeEngine`."""
        parts = unpack(release, for_batches=True)
        write_recommendations(parts, target, threads=THREADS, progress=progress)

    def ranking(self, scratch: Path) -> nullcontext[Ranking]:  # noqa: ARG002
        """See `ComputeEngine`."""
        return nullcontext(rank_here)
