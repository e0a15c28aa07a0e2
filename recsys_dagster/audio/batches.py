"""Audio features in batches of songs that are done once and stay done.

A batch is one Parquet file. What it was made from (its songs, the sources and what they may
answer) is hashed into the file's own metadata: a batch is pending while its file is missing
or was made from something else. So a killed run repeats at most the batch under way.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.audio.sources import FeatureSource
from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.hashing import hash_json
from recsys_dagster.storage.tables import table_metadata, write_table

VERSION = "1"
"""Raised when batches would be filled otherwise, so that they are filled again."""
_FINGERPRINT = "recsys.fingerprint"

AUDIO_SCHEMA = pl.Schema(
    {
        "song_id": pl.Int32(),
        **dict.fromkeys(FEATURES, pl.Float64()),
        "status": pl.String(),
        "source": pl.String(),
        "origin": pl.Struct(dict.fromkeys(FEATURES, pl.String())),
        REFUSED: pl.String(),
    }
)
"""One row a song. `status` is found, no_features (known, yet without one usable value) or
not_found; `origin` has the source of each feature and `source` all of them, joined by "+"."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch brought: songs by status, found ones by source, refused values."""

    batch: int
    songs: int
    by_status: dict[str, int]
    by_source: dict[str, int]
    refused: int


class FeatureBatches:
    """All the batches of a catalogue of songs.

    Parameters
    ----------
    songs
        song_id, song_key, artist, title, spotify_id, batch.
    directory
        Where the batches lie.
    sources
        In the order in which they are asked.
    """

    def __init__(
        self, songs: pl.DataFrame, directory: Path, sources: Sequence[FeatureSource]
    ) -> None:
        columns = ["song_id", "song_key", "artist", "title", "spotify_id"]
        self._songs: dict[int, pl.DataFrame] = {
            int(number): batch.select(columns)
            for (number,), batch in songs.sort("song_id")
            .partition_by("batch", as_dict=True, maintain_order=True)
            .items()
        }
        self._directory = directory
        self._sources = list(sources)

    @property
    def numbers(self) -> list[int]:
        """All batches."""
        return sorted(self._songs)

    def path(self, batch: int) -> Path:
        """The file of a batch."""
        return self._directory / f"batch={batch:05d}.parquet"

    def pending(self) -> list[int]:
        """The batches that are still to be done."""
        return [
            batch
            for batch in self.numbers
            if table_metadata(self.path(batch)).get(_FINGERPRINT) != self._fingerprint(batch)
        ]

    def fill(self, batch: int) -> BatchReport:
        """Ask the sources for the songs of a batch and write it.

        Raises
        ------
        RecsysError
            There is no such batch.
        """
        if batch not in self._songs:
            raise RecsysError(
                f"There is no batch {batch}; there are 0 to {max(self.numbers, default=0)}."
            )
        songs = self._songs[batch]
        table = _look_up(songs, self._sources)
        write_table(table, self.path(batch), {_FINGERPRINT: self._fingerprint(batch)})
        return _report(batch, table)

    def gather(self, target: Path) -> None:
        """Write all batches into one table, sorted by song; the rest of them is removed."""
        files = [self.path(batch) for batch in self.numbers]
        write_table(pl.scan_parquet(files, schema=AUDIO_SCHEMA, glob=False), target)
        for stale in set(self._directory.glob("batch=*.parquet")) - set(files):
            stale.unlink()

    def _fingerprint(self, batch: int) -> str:
        songs = self._songs[batch].select("song_id", "song_key", "spotify_id").rows()
        sources = [[source.name, source.fingerprint] for source in self._sources]
        return hash_json([VERSION, sources, songs])


def _look_up(songs: pl.DataFrame, sources: Sequence[FeatureSource]) -> pl.DataFrame:
    """Fill the songs' features from each source in turn; what is known is not asked again."""
    table = songs.select(
        "song_id",
        pl.lit(False).alias("known"),
        *(pl.lit(None, pl.Float64).alias(name) for name in FEATURES),
        *(pl.lit(None, pl.String).alias(f"origin_{name}") for name in FEATURES),
        pl.lit(None, pl.String).alias(REFUSED),
    )
    for source in sources:
        lacking = table.filter(pl.any_horizontal(pl.col(FEATURES).is_null())).select("song_id")
        if lacking.height:
            found = source.look_up(songs.join(lacking, on="song_id", how="semi"))
            table = _merge(table, found, source.name)
    return table.select(_described()).cast(AUDIO_SCHEMA)


def _merge(table: pl.DataFrame, found: pl.DataFrame, source: str) -> pl.DataFrame:
    if not found.height:
        return table
    found = found.with_columns(pl.lit(True).alias("known"))
    both = table.join(found, on="song_id", how="left", suffix="_new", maintain_order="left")

    def origin(name: str) -> pl.Expr:
        new = pl.col(name).is_null() & pl.col(f"{name}_new").is_not_null()
        return pl.when(new).then(pl.lit(source)).otherwise(f"origin_{name}").alias(f"origin_{name}")

    refusals = pl.concat_str(REFUSED, f"{REFUSED}_new", separator="; ", ignore_nulls=True)
    return both.select(
        "song_id",
        pl.col("known") | pl.col("known_new").fill_null(value=False),
        *(pl.coalesce(name, f"{name}_new").alias(name) for name in FEATURES),
        *(origin(name) for name in FEATURES),
        pl.when(refusals != "").then(refusals).alias(REFUSED),
    )


def _described() -> list[pl.Expr]:
    origins = [f"origin_{name}" for name in FEATURES]
    found = pl.any_horizontal(pl.col(FEATURES).is_not_null())
    sources = pl.concat_list(origins).list.drop_nulls().list.unique(maintain_order=True)
    return [
        pl.col("song_id"),
        *(pl.col(name) for name in FEATURES),
        pl.when(found)
        .then(pl.lit("found"))
        .when("known")
        .then(pl.lit("no_features"))
        .otherwise(pl.lit("not_found"))
        .alias("status"),
        pl.when(found).then(sources.list.join("+")).alias("source"),
        pl.struct(pl.col(f"origin_{name}").alias(name) for name in FEATURES).alias("origin"),
        pl.col(REFUSED),
    ]


def _report(batch: int, table: pl.DataFrame) -> BatchReport:
    return BatchReport(
        batch,
        table.height,
        dict(sorted(Counter(table["status"]).items())),
        dict(sorted(Counter(table["source"].drop_nulls()).items())),
        table.height - table[REFUSED].null_count(),
    )
