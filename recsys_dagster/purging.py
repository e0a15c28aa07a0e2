"""Deleting all that came from one source of audio features, where its terms ask for that."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster.audio.answers import forget
from recsys_dagster.storage.atomic import sweep
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases
from recsys_dagster.storage.stages import Stamps

_FEATURES_STAGE = "audio_features"


@dataclass(frozen=True, slots=True)
class Purged:
    """What was deleted, and what may still hold some of it.

    Attributes
    ----------
    source
        The source whose answers these were.
    answers
        Whether there was a file of answers.
    batches
        Batches of audio features with values of the source.
    table
        Whether the table of all audio features had some, with the index made from it.
    releases
        The releases that there are, where anything was deleted. A release does not say where its
        features came from, so each of them may hold some.
    """

    source: str
    answers: bool
    batches: int
    table: bool
    releases: tuple[Path, ...]

    @property
    def anything(self) -> bool:
        """Whether there was something to delete."""
        return self.answers or self.table or self.batches > 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "source": self.source,
            "answers": self.answers,
            "batches": self.batches,
            "table": self.table,
            "releases": [str(path) for path in self.releases],
        }


def purge(layout: Layout, source: str) -> Purged:
    """Delete what a source has answered, and every table that holds some of it; take the lock.

    Whatever is deleted can be made again from `raw/` and the other sources' answers, which stay.
    Releases stay too: they are what serving reads, and are deleted by hand.
    """
    sweep(layout.root)
    batches = [file for file in sorted(layout.feature_batches.glob("*.parquet"))
               if _is_from(source, file)]  # fmt: skip
    table = _is_from(source, layout.features)
    answers = layout.answers / f"{source}.sqlite"
    anything = bool(batches) or table or answers.exists()
    if batches or table:
        # The stamp first: stopped in the middle, the next run makes what is missing.
        Stamps(layout).forget(_FEATURES_STAGE)
        layout.features.unlink(missing_ok=True)
        shutil.rmtree(layout.knn, ignore_errors=True)
        for file in batches:
            file.unlink()
    found = forget(answers)
    releases = Releases(layout.releases).ids() if anything else []
    return Purged(
        source,
        found,
        len(batches),
        table,
        tuple(layout.releases / release_id for release_id in releases),
    )


def _is_from(source: str, file: Path) -> bool:
    """Whether any value in a table of audio features came from a source.

    One that cannot be read counts as if: it has to be made again anyway.
    """
    if not file.is_file():
        return False
    try:
        origins = pl.read_parquet(file, columns=["origin"], glob=False).select("origin")
        names = origins.unnest("origin").select(pl.any_horizontal((pl.all() == source).any()))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return True
    return bool(names.item())
