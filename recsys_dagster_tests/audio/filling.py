"""Fills batches in a process of its own: `python -m … URL FOLDER SONGS`."""

import sys
import time
from pathlib import Path

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.batches import FeatureBatches
from recsys_dagster.audio.sources.reccobeats import ReccobeatsSource
from recsys_dagster_tests.audio.fake_reccobeats import made_up_world


def main() -> None:
    """Fill what is pending, and say when it begins and what it took: requests, CPU seconds."""
    url, folder, songs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    table, _ = made_up_world(songs)
    source = ReccobeatsSource(
        lambda: Answers(folder / "reccobeats.sqlite", "reccobeats"), url, interval=0
    )
    batches = FeatureBatches(table, folder / "batches", [source])
    sys.stdout.write("filling\n")
    sys.stdout.flush()
    started = time.process_time()
    for batch in batches.pending():
        batches.fill(batch)
    batches.gather(folder / "all.parquet")
    sys.stdout.write(f"{source.requests} {time.process_time() - started}\n")
    source.close()


if __name__ == "__main__":
    main()
