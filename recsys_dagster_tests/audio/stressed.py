"""What is stressed: batches of three sources, filled in a process of its own.

`python -m … FOLDER RECCOBEATS SPOTIFY ACCOUNTS OFFSET`, the services by their addresses. Its clock
is ahead by OFFSET seconds and waits for a fraction of the time, and it is short of patience, so
that a day fits into minutes. Says when it begins, and at the end in a line of JSON when to ask
again, and the remarks.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.batches import FeatureBatches
from recsys_dagster.audio.sources import CatalogueSource, FeatureSource
from recsys_dagster.audio.sources.reccobeats import ReccobeatsSource
from recsys_dagster.audio.sources.reccobeats_client import PATIENCE as RECCOBEATS_PATIENCE
from recsys_dagster.audio.sources.spotify import SpotifySource
from recsys_dagster.audio.sources.spotify_session import PATIENCE as SPOTIFY_PATIENCE
from recsys_dagster.settings import Settings
from recsys_dagster_tests.audio.fake_spotify import CLIENT_ID, SECRET

SILENCE = 1.5
"""Seconds after which a silent service is given up, in place of 8."""
_FASTER = 40


class HurriedClock:
    """Is ahead of the real one, and sleeps for less than it should."""

    def __init__(self, offset: float) -> None:
        self._offset = offset

    def time(self) -> float:
        return time.time() + self._offset

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        time.sleep(seconds / _FASTER)


def sources_in(folder: Path, addresses: Sequence[str], clock: HurriedClock) -> list[FeatureSource]:
    """The three sources, as a run of the pipeline has them."""
    reccobeats, spotify, accounts = addresses
    given: dict[str, Any] = {
        "SPOTIPY_CLIENT_ID": CLIENT_ID, "SPOTIPY_CLIENT_SECRET": SECRET,
        "SPOTIFY_API_URL": f"{spotify}/v1", "SPOTIFY_ACCOUNTS_URL": accounts,
        "SPOTIFY_INTERVAL": 0,
    }  # fmt: skip

    def answers_of(name: str) -> Answers:
        return Answers(folder / f"{name}.sqlite", name, clock)

    return [
        CatalogueSource({folder / "catalogue.csv": "the same in every run"}),
        ReccobeatsSource(
            lambda: answers_of("reccobeats"),
            reccobeats,
            0,
            clock,
            replace(RECCOBEATS_PATIENCE, silence=SILENCE),
        ),
        SpotifySource(
            Settings(**given),
            lambda: answers_of("spotify"),
            clock,
            replace(SPOTIFY_PATIENCE, silence=SILENCE),
        ),
    ]


def main() -> None:
    """Fill what is pending, and gather it."""
    folder, addresses, clock = Path(sys.argv[1]), sys.argv[2:5], HurriedClock(float(sys.argv[5]))
    sources = sources_in(folder, addresses, clock)
    songs = pl.read_parquet(folder / "songs.parquet", glob=False)
    batches = FeatureBatches(songs, folder / "batches", sources, clock)
    sys.stdout.write("filling\n")
    sys.stdout.flush()
    for batch in batches.pending():
        batches.fill(batch)
    batches.gather(folder / "all.parquet")
    remarks = [text for source in sources for text in source.remarks]
    sys.stdout.write(json.dumps({"retry_at": batches.retry_at(), "remarks": remarks}) + "\n")
    for source in sources:
        source.close()


if __name__ == "__main__":
    main()
