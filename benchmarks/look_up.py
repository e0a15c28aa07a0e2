"""Our own CPU time for looking songs up at a fake ReccoBeats, and for gathering the batches.

python benchmarks/look_up.py [--songs N] [--gathered N]

The fake is a process of its own, and nothing is paced. Two worlds: one in which half of the songs
have Spotify ids and three share a title, and one in which every song is searched by a title of
its own.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1]))

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.batches import FeatureBatches
from recsys_dagster.audio.features import FEATURE_TABLE, FEATURES
from recsys_dagster.audio.merging import AUDIO_SCHEMA
from recsys_dagster.audio.sources.reccobeats import ReccobeatsSource
from recsys_dagster.storage.tables import write_table
from recsys_dagster_tests.audio.fake_reccobeats import FakeReccobeats, made_up_world

BATCH = 500


def serve(songs: int, of_a_title: int) -> None:
    """Be the fake until standard input ends; connections stay open, as those of the service."""
    fake = FakeReccobeats(made_up_world(songs, of_a_title)[1])
    handler = fake._server.RequestHandlerClass
    handler.protocol_version = "HTTP/1.1"  # type: ignore[attr-defined]
    handler.disable_nagle_algorithm = True  # type: ignore[attr-defined]
    with fake:
        print(fake.url, flush=True)
        sys.stdin.read()


@contextmanager
def served(songs: int, of_a_title: int) -> Iterator[str]:
    """The address of a fake in another process."""
    command = [sys.executable, __file__, "--serve", str(of_a_title), "--songs", str(songs)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield (process.stdout or sys.stdin).readline().strip()
        process.communicate()


def time_looking_up(title: str, songs: pl.DataFrame, of_a_title: int) -> None:
    """Fill all batches of songs, then ask for them all again from what is kept."""
    with served(songs.height, of_a_title) as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = ReccobeatsSource(
            lambda: Answers(folder / "reccobeats.sqlite", "reccobeats"), url, interval=0
        )
        for run in ("first", "from what is kept"):
            batches = FeatureBatches(songs, folder / run, [source])
            before, wall, cpu = source.requests, time.perf_counter(), time.process_time()
            for batch in batches.numbers:
                batches.fill(batch)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(
                f"{title}, {run}: {songs.height:,} songs, {source.requests - before:,} requests, "
                f"{1000 * cpu / songs.height:.3f} ms CPU a song ({cpu:.1f} s CPU, {wall:.1f} s)"
            )
        source.close()


def time_gathering(songs: int) -> None:
    """Write batches of made-up features and gather them."""
    rng = np.random.default_rng(0)
    ids = pl.int_range(songs, dtype=pl.Int32, eager=True).alias("song_id")
    table = ids.to_frame().with_columns(
        (pl.col("song_id") // BATCH).alias("batch"),
        *(pl.lit("").alias(name) for name in ("song_key", "artist", "title")),
        pl.lit(None, pl.List(pl.String)).alias("spotify_ids"),
    )
    with tempfile.TemporaryDirectory() as name:
        batches = FeatureBatches(table, Path(name), [])
        for batch in batches.numbers:
            write_table(_made_up_batch(table, batch, rng), batches.path(batch))
        started = time.perf_counter()
        batches.gather(Path(name) / "all.parquet")
        print(
            f"gathering {len(batches.numbers):,} batches of {songs:,} songs: "
            f"{time.perf_counter() - started:.2f} s"
        )


def _made_up_batch(table: pl.DataFrame, batch: int, rng: np.random.Generator) -> pl.DataFrame:
    songs = table.slice(batch * BATCH, BATCH).select("song_id")
    values = {
        one.name: one.low + rng.random(songs.height) * (one.high - one.low) for one in FEATURE_TABLE
    }
    return songs.with_columns(
        **{name: pl.Series(name, column) for name, column in values.items()},
        status=pl.lit("found"),
        source=pl.lit("reccobeats"),
        origin=pl.struct(pl.lit("reccobeats").alias(name) for name in FEATURES),
        refused=pl.lit(None),
        score=pl.lit(1.0),
        retry_at=pl.lit(None),
        expires_at=pl.lit(None),
    ).cast(dict(AUDIO_SCHEMA))


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, default=50_000)
    parser.add_argument("--gathered", type=int, default=1_000_000)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.songs, options.serve)
        return
    time_looking_up("with ids", made_up_world(options.songs)[0], 3)
    nothing = pl.lit(None, pl.List(pl.String)).alias("spotify_ids")
    searched = made_up_world(options.songs, 1)[0].with_columns(nothing)
    time_looking_up("by title alone", searched, 1)
    time_gathering(options.gathered)


if __name__ == "__main__":
    main()
