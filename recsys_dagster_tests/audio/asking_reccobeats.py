"""What the tests of ReccoBeats share: songs, sources and runs over the fake."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.batches import FeatureBatches
from recsys_dagster.audio.sources.reccobeats import ReccobeatsSource
from recsys_dagster.audio.sources.reccobeats_client import PATIENCE
from recsys_dagster.identity import song_key
from recsys_dagster.web.limits import Clock
from recsys_dagster.web.patience import Patience
from recsys_dagster_tests.audio.fake_reccobeats import FakeReccobeats

Wanted = tuple[str, str, Sequence[str] | None]


def songs_of(*wanted: Wanted) -> pl.DataFrame:
    """Songs by artist, title and Spotify ids."""
    artists, titles, ids = zip(*wanted, strict=True)
    table = pl.DataFrame(
        {
            "song_id": pl.Series(range(len(wanted)), dtype=pl.Int32),
            "artist": artists,
            "title": titles,
            "spotify_ids": pl.Series(
                [None if one is None else list(one) for one in ids], dtype=pl.List(pl.String)
            ),
            "batch": pl.Series([0] * len(wanted), dtype=pl.Int32),
        }
    )
    return table.with_columns(song_key(pl.col("artist"), pl.col("title")).alias("song_key"))


@contextmanager
def source_of(
    fake: FakeReccobeats,
    folder: Path,
    clock: Clock,
    interval: float = 0,
    patience: Patience = PATIENCE,
) -> Iterator[ReccobeatsSource]:
    """A source as a run has it."""
    answers = folder / "reccobeats.sqlite"
    source = ReccobeatsSource(
        lambda: Answers(answers, "reccobeats", clock), fake.url, interval, clock, patience
    )
    try:
        yield source
    finally:
        source.close()


def look_up(
    fake: FakeReccobeats, folder: Path, clock: Clock, songs: pl.DataFrame
) -> tuple[pl.DataFrame, list[str]]:
    """One run without batches: its rows and its remarks."""
    with source_of(fake, folder, clock) as source:
        return source.look_up(songs.drop("batch")), source.remarks


def run(fake: FakeReccobeats, folder: Path, clock: Clock, songs: pl.DataFrame) -> pl.DataFrame:
    """A run over all pending batches, gathered."""
    with source_of(fake, folder, clock) as source:
        batches = FeatureBatches(songs, folder / "batches", [source], clock)
        for batch in batches.pending():
            batches.fill(batch)
        batches.gather(folder / "all.parquet")
    return pl.read_parquet(folder / "all.parquet", glob=False)


def next_retry(folder: Path) -> float | None:
    """When the next batch is due."""
    retry_at = pl.read_parquet(folder / "all.parquet", glob=False)["retry_at"].min()
    return None if retry_at is None else float(str(retry_at))
