"""Audio features in batches of songs that are done once and stay done.

A batch is one Parquet file. What it was made from (its songs, the sources and what they may
answer) is hashed into the file's own metadata: a batch is pending while its file is missing
or was made from something else, and again when something in it is to be asked again or may not be
kept any longer. So a killed run repeats at most the batch under way.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.audio.sources import FeatureSource
from recsys_dagster.audio.sources.base import BLOCKED, ERROR, FOUND, NO_FEATURES, NOT_FOUND
from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.hashing import hash_json
from recsys_dagster.storage.tables import table_metadata, write_table
from recsys_dagster.web.limits import Clock

VERSION = "3"
"""Raised when batches would be filled otherwise, so that they are filled again."""
_FINGERPRINT = "recsys.fingerprint"
_RETRY_AT = "recsys.retry_at"
_BEST_FIRST = (NO_FEATURES, BLOCKED, ERROR, NOT_FOUND)
"""What is said of a song without features, where sources say different things."""

AUDIO_SCHEMA = pl.Schema(
    {
        "song_id": pl.Int32(),
        **dict.fromkeys(FEATURES, pl.Float64()),
        "status": pl.String(),
        "source": pl.String(),
        "origin": pl.Struct(dict.fromkeys(FEATURES, pl.String())),
        REFUSED: pl.String(),
        "score": pl.Float64(),
        "retry_at": pl.Float64(),
        "expires_at": pl.Float64(),
    }
)
"""One row a song. `status` as in `LOOKED_UP`; `origin` has the source of each feature and
`source` all of them, joined by "+"; `score` is that of the worst match used; `retry_at` (unix
seconds) is when to ask again for what is missing, and `expires_at` from when on some of the values
may not be kept."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch brought: songs by status, found ones by source, refused values.

    `requests` are those sent for it, by source; `seconds` is how long it took; from `again_at`
    (unix seconds) on it is pending again, None for never.
    """

    batch: int
    songs: int
    by_status: dict[str, int]
    by_source: dict[str, int]
    refused: int
    requests: dict[str, int]
    seconds: float
    again_at: float | None

    @property
    def found(self) -> int:
        """Songs with features."""
        return self.by_status.get(FOUND, 0)

    @property
    def missing_by_reason(self) -> dict[str, int]:
        """Songs without features."""
        return {status: songs for status, songs in self.by_status.items() if status != FOUND}


class FeatureBatches:
    """All the batches of a catalogue of songs.

    Parameters
    ----------
    songs
        song_id, song_key, artist, title, spotify_ids, batch.
    directory
        Where the batches lie.
    sources
        In the order in which they are asked.
    clock
        Tells the time.
    """

    def __init__(
        self,
        songs: pl.DataFrame,
        directory: Path,
        sources: Sequence[FeatureSource],
        clock: Clock = time,
    ) -> None:
        columns = ["song_id", "song_key", "artist", "title", "spotify_ids"]
        self._songs: dict[int, pl.DataFrame] = {
            int(number): batch.select(columns)
            for (number,), batch in songs.sort("song_id")
            .partition_by("batch", as_dict=True, maintain_order=True)
            .items()
        }
        self._directory = directory
        self._sources = list(sources)
        self._clock = clock

    @property
    def numbers(self) -> list[int]:
        """All batches."""
        return sorted(self._songs)

    def path(self, batch: int) -> Path:
        """The file of a batch."""
        return self._directory / f"batch={batch:05d}.parquet"

    def pending(self) -> list[int]:
        """The batches that are still to be done, or to be done again by now."""
        return [batch for batch in self.numbers if self._is_pending(batch)]

    def retry_at(self) -> float | None:
        """When the next of the batches that are done is to be done again, in unix seconds."""
        times = [table_metadata(self.path(batch)).get(_RETRY_AT) for batch in self.numbers]
        return min((float(at) for at in times if at), default=None)

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
        started, before = time.monotonic(), self._requests()
        table = _look_up(self._songs[batch], self._sources)
        metadata = {_FINGERPRINT: self._fingerprint(batch)}
        if (again_at := _again_at(table)) is not None:
            metadata[_RETRY_AT] = str(again_at)
        write_table(table, self.path(batch), metadata)
        requests = {name: count - before[name] for name, count in self._requests().items()}
        return _report(batch, table, requests, time.monotonic() - started, again_at)

    def gather(self, target: Path) -> None:
        """Write all batches into one table, sorted by song; the rest of them is removed."""
        files = [self.path(batch) for batch in self.numbers]
        write_table(pl.scan_parquet(files, schema=AUDIO_SCHEMA, glob=False), target)
        for stale in set(self._directory.glob("batch=*.parquet")) - set(files):
            stale.unlink()

    def _is_pending(self, batch: int) -> bool:
        found = table_metadata(self.path(batch))
        due = float(found.get(_RETRY_AT, "inf")) <= self._clock.time()
        return due or found.get(_FINGERPRINT) != self._fingerprint(batch)

    def _requests(self) -> dict[str, int]:
        return {source.name: source.requests for source in self._sources}

    def _fingerprint(self, batch: int) -> str:
        songs = self._songs[batch].select("song_id", "song_key", "spotify_ids").rows()
        sources = [[source.name, source.fingerprint] for source in self._sources]
        return hash_json([VERSION, sources, songs])


def _look_up(songs: pl.DataFrame, sources: Sequence[FeatureSource]) -> pl.DataFrame:
    """Fill the songs' features from each source in turn; what is known is not asked again."""
    table = songs.select(
        "song_id",
        *(pl.lit(False).alias(f"is_{status}") for status in _BEST_FIRST),
        pl.lit(None, pl.Float64).alias("score"),
        pl.lit(None, pl.Float64).alias("retry_at"),
        pl.lit(None, pl.Float64).alias("expires_at"),
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
    both = table.join(found, on="song_id", how="left", suffix="_new", maintain_order="left")

    def is_new(name: str) -> pl.Expr:
        return pl.col(name).is_null() & pl.col(f"{name}_new").is_not_null()

    def origin(name: str) -> pl.Expr:
        before = f"origin_{name}"
        return pl.when(is_new(name)).then(pl.lit(source)).otherwise(before).alias(before)

    expiry = pl.when(pl.any_horizontal(map(is_new, FEATURES))).then("expires_at_new")
    refusals = pl.concat_str(REFUSED, f"{REFUSED}_new", separator="; ", ignore_nulls=True)
    return both.select(
        "song_id",
        *(
            pl.col(f"is_{status}") | (pl.col("status") == status).fill_null(value=False)
            for status in _BEST_FIRST
        ),
        pl.min_horizontal("score", "score_new"),
        pl.min_horizontal("retry_at", "retry_at_new"),
        pl.min_horizontal("expires_at", expiry),
        *(pl.coalesce(name, f"{name}_new").alias(name) for name in FEATURES),
        *(origin(name) for name in FEATURES),
        pl.when(refusals != "").then(refusals).alias(REFUSED),
    )


def _described() -> list[pl.Expr]:
    origins = [f"origin_{name}" for name in FEATURES]
    found = pl.any_horizontal(pl.col(FEATURES).is_not_null())
    whole = pl.all_horizontal(pl.col(FEATURES).is_not_null())
    sources = pl.concat_list(origins).list.drop_nulls().list.unique(maintain_order=True)
    reason = pl.lit(NOT_FOUND)
    for status in reversed(_BEST_FIRST):
        reason = pl.when(f"is_{status}").then(pl.lit(status)).otherwise(reason)
    return [
        pl.col("song_id"),
        *(pl.col(name) for name in FEATURES),
        pl.when(found).then(pl.lit(FOUND)).otherwise(reason).alias("status"),
        pl.when(found).then(sources.list.join("+")).alias("source"),
        pl.struct(pl.col(f"origin_{name}").alias(name) for name in FEATURES).alias("origin"),
        pl.col(REFUSED),
        pl.when(found).then("score").alias("score"),
        pl.when(~whole).then("retry_at").alias("retry_at"),
        pl.col("expires_at"),
    ]


def _again_at(table: pl.DataFrame) -> float | None:
    """When the first of its songs is to be asked for again, or may not be kept any longer."""
    soonest = pl.concat([table["retry_at"], table["expires_at"]]).min()
    return None if soonest is None else float(str(soonest))


def _report(
    batch: int,
    table: pl.DataFrame,
    requests: dict[str, int],
    seconds: float,
    again_at: float | None,
) -> BatchReport:
    return BatchReport(
        batch,
        table.height,
        dict(sorted(Counter(table["status"]).items())),
        dict(sorted(Counter(table["source"].drop_nulls()).items())),
        table.height - table[REFUSED].null_count(),
        requests,
        round(seconds, 3),
        again_at,
    )
