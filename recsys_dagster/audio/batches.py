"""Audio features in batches of songs that are done once and stay done.

A batch is one Parquet file. What it was made from (its songs, the sources and what they may
answer) is hashed into the file's own metadata: a batch is pending while its file is missing
or was made from something else, and again when something in it is to be asked again or may not be
kept any longer. So a killed run repeats at most the batch under way, or the hundred that are filled
from files at a time. Each holds a hash of its content too: one that the disk has damaged is filled
again.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_dagster.audio.features import REFUSED
from recsys_dagster.audio.merging import AUDIO_SCHEMA, look_up_everywhere
from recsys_dagster.audio.sources import FeatureSource
from recsys_dagster.audio.sources.base import FOUND
from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.hashing import hash_json
from recsys_dagster.storage.tables import read_sealed, table_metadata, write_all_sealed, write_table
from recsys_dagster.web.limits import Clock
from recsys_dagster.web.terms import has_come

VERSION = "4"
"""Raised when batches would be filled otherwise, so that they are filled again."""
_TOGETHER = 100
"""Batches that are filled at once where all sources are files: joining a large catalogue costs
nearly the same for one batch as for many, and so does flushing."""
_FINGERPRINT = "recsys.fingerprint"
_RETRY_AT = "recsys.retry_at"


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
        self._hashed: dict[tuple[int, tuple[tuple[str, str], ...]], str] = {}
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

    def drop_damaged(self) -> None:
        """Remove the batches whose content is not what was written: they are pending again."""
        for batch in self.numbers:
            path = self.path(batch)
            if path.is_file() and read_sealed(path) is None:
                path.unlink()

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
        return next(self.fill_all([batch]))

    def fill_all(self, batches: Sequence[int]) -> Iterator[BatchReport]:
        """Fill batches one after the other, as their reports are taken; raises as `fill` does.

        Of files many batches are filled at a time. Where a service is asked, each batch is written
        before the next is asked for.
        """
        for batch in batches:
            if batch not in self._songs:
                raise RecsysError(
                    f"There is no batch {batch}; there are 0 to {max(self.numbers, default=0)}."
                )
        together = 1 if any(source.is_service for source in self._sources) else _TOGETHER
        for start in range(0, len(batches), together):
            yield from self._fill_together(batches[start : start + together])

    def _fill_together(self, batches: Sequence[int]) -> Iterator[BatchReport]:
        started, before = time.monotonic(), self._requests()
        songs = pl.concat([self._songs[batch] for batch in batches])
        table = look_up_everywhere(songs, self._sources)  # in the order of the songs
        requests = {name: count - before[name] for name, count in self._requests().items()}
        parts, row = {}, 0
        for batch in batches:
            rows = self._songs[batch].height
            parts[batch] = table.slice(row, rows)
            row += rows
        again = {batch: _again_at(part) for batch, part in parts.items()}
        write_all_sealed(
            {self.path(batch): (part, self._told(batch, again[batch]))
             for batch, part in parts.items()}
        )  # fmt: skip
        each = (time.monotonic() - started) / len(batches)
        for batch, part in parts.items():
            yield _report(batch, part, requests, each, again[batch])

    def _told(self, batch: int, again_at: float | None) -> dict[str, str]:
        """What a batch's file says of it."""
        again = {} if again_at is None else {_RETRY_AT: str(again_at)}
        return {_FINGERPRINT: self._fingerprint(batch), **again}

    def gather(self, target: Path) -> None:
        """Write all batches into one table, sorted by song; the rest of them is removed."""
        files = [self.path(batch) for batch in self.numbers]
        write_table(pl.scan_parquet(files, schema=AUDIO_SCHEMA, glob=False), target)
        for stale in set(self._directory.glob("batch=*.parquet")) - set(files):
            stale.unlink()

    def _is_pending(self, batch: int) -> bool:
        found = table_metadata(self.path(batch))
        due = _RETRY_AT in found and has_come(float(found[_RETRY_AT]), self._clock.time())
        return due or found.get(_FINGERPRINT) != self._fingerprint(batch)

    def _requests(self) -> dict[str, int]:
        return {source.name: source.requests for source in self._sources}

    def _fingerprint(self, batch: int) -> str:
        sources = tuple((source.name, source.fingerprint) for source in self._sources)
        if (batch, sources) not in self._hashed:
            songs = self._songs[batch].select("song_id", "song_key", "spotify_ids").rows()
            self._hashed[batch, sources] = hash_json([VERSION, sources, songs])
        return self._hashed[batch, sources]


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
