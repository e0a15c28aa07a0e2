"""A million songs against a million catalogue rows that are only spelled otherwise.

python benchmarks/alike.py [--songs N]

Made-up titles of one to three words, 200 to 400 of each of the larger artists; half of the songs
are in the catalogue but for a mark. The careful step
alone, for songs that neither id nor identity has found: all at once, and in batches of 500.
"""

import argparse
import time

import numpy as np
import polars as pl

from recsys_dagster.audio.catalogue_alike import SHARES, AlikeIndex
from recsys_dagster.identity import song_key

_STARTS, _MIDDLES, _ENDS = "ba ke li mo nu ra se ti vo zu", "n r s l m d", "a e i o u ent ing er"


def make_titles(count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Artist and title, no pair twice."""
    words = [a + b + c for a in _STARTS.split() for b in _MIDDLES.split() for c in _ENDS.split()]
    artists = (rng.pareto(1.1, count) * 3000).astype(int) % 100_000
    titles = [
        " ".join(words[at] for at in rng.integers(0, len(words), length))
        for length in rng.integers(1, 4, count)
    ]
    table = pl.DataFrame({"artist": [f"artist {one}" for one in artists], "title": titles})
    key = song_key(pl.col("artist"), pl.col("title")).alias("song_key")
    return table.unique(maintain_order=True).with_columns(key)


def main() -> None:
    """Time the step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--songs", type=int, default=1_000_000)
    count = parser.parse_args().songs
    rng = np.random.default_rng(0)
    rows = make_titles(count, rng).with_row_index("row")
    rows = rows.with_columns(pl.Series(name, rng.random(rows.height)) for name in SHARES)
    half = rows.sample(rows.height // 2, seed=0).select("artist", pl.col("title") + "!", "song_key")
    new = make_titles(count // 2, rng).join(rows, on="song_key", how="anti")
    songs = pl.concat([half, new]).with_row_index("song_id")
    started = time.perf_counter()
    index = AlikeIndex(rows)
    indexed = time.perf_counter()
    found = index.find(songs).height
    done = time.perf_counter()
    for batch in range(20):
        index.find(songs.slice(batch * 500, 500))
    per_batch = (time.perf_counter() - done) / 20
    print(f"{songs.height:,} songs, {rows.height:,} rows: {found:,} found")
    print(f"index {indexed - started:.1f} s, all songs {done - indexed:.1f} s")
    print(f"a batch of 500 songs {per_batch:.3f} s")


if __name__ == "__main__":
    main()
