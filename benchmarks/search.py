"""Search in made-up catalogues: how long a keystroke takes, by what is typed.

python benchmarks/search.py [--songs N …] [--requests N] [--json FILE]

The words are made of syllables, few of them in many songs and most in a few, about as many
different ones as real catalogues of that size have. Times are of single queries.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from machine import describe_machine, peak_memory, versions_of, write_json
from numpy.typing import NDArray

from recsys_dagster.identity import song_key
from recsys_dagster.recommend.songs import SongTable, add_search_columns

FIRST = [*"bcdfghjklmnprstvwz", "th", "ch", "st", "br", "kr"]
MIDDLE = [*"aeiou", "ea", "oo", "é", "ö", "y"]
LAST = ["", "", *"nrsl", "ng"]
SONGS_EACH, STEEPNESS, MOST_WORDS = 8, 4, 300_000
TITLE, ARTIST = (1, 6), (1, 4)
Rng = np.random.Generator


def vocabulary(songs: int, rng: Rng) -> NDArray[np.object_]:
    """Different words of one to four syllables, the most used first."""
    count = min(int(60 * songs**0.62), MOST_WORDS)
    syllables = [f + m + one for f in FIRST for m in MIDDLE for one in LAST]
    drawn = rng.integers(0, len(syllables), (count, 4))
    lengths = rng.integers(1, 5, count)
    words = (
        "".join(syllables[one] for one in row[:n]) for row, n in zip(drawn, lengths, strict=True)
    )
    return np.array(list(dict.fromkeys(words)), dtype=object)


def phrases(
    words: NDArray[np.object_], count: int, lengths: tuple[int, int], rng: Rng
) -> list[str]:
    """So many phrases, of words drawn by how much they are used."""
    each = rng.integers(*lengths, count)
    drawn = words[(len(words) * rng.random(each.sum()) ** STEEPNESS).astype(int)]
    return [" ".join(part).title() for part in np.split(drawn, np.cumsum(each)[:-1])]


def catalogue(songs: int, rng: Rng) -> pl.DataFrame:
    """A table of songs as a release has it."""
    words = vocabulary(songs, rng)
    artists = np.array(phrases(words, max(songs // SONGS_EACH, 1), ARTIST, rng), dtype=object)
    plays = (1e6 / (1 + rng.permutation(songs)) ** 0.8).astype(np.int64) + 1
    table = pl.DataFrame(
        {
            "song_id": np.arange(songs),
            "artist": artists[rng.integers(0, len(artists), songs)],
            "title": phrases(words, songs, TITLE, rng),
            "plays": plays,
            "listeners": plays,
            "spotify_id": pl.Series([None] * songs, dtype=pl.String),
        }
    )
    return add_search_columns(
        table.with_columns(song_key(pl.col("artist"), pl.col("title")).alias("song_key"))
    )


def misspell(word: str, rng: Rng) -> str:
    """Leave a letter out, put one in, or swap two."""
    place = int(rng.integers(1, max(len(word) - 1, 2)))
    kinds = (word[:place] + word[place + 1 :], word[:place] + "x" + word[place:],
             word[:place] + word[place : place + 2][::-1] + word[place + 2 :])  # fmt: skip
    return kinds[int(rng.integers(len(kinds)))]


def queries(texts: Sequence[str], rng: Rng) -> dict[str, list[str]]:
    """What is typed, by kind."""
    rare = ["".join(rng.choice([*"qxzvkj"], 8)) for _ in texts]
    noise = ["".join(rng.choice([*"aeiourstln    "], 200)) for _ in texts]
    many = [" ".join("".join(rng.choice([*"aeiounrst"], 8)) for _ in range(20)) for _ in texts]
    return {
        "artist and title": list(texts),
        "unfinished": [text[: 2 * len(text) // 3] for text in texts],
        "one letter": [text[0] for text in texts],
        "three letters": [text[:3] for text in texts],
        "a word": [text.split()[0] for text in texts],
        "a mistake a word": [" ".join(misspell(one, rng) for one in t.split()) for t in texts],
        "rare letters, no match": rare,
        "200 characters, no match": noise,
        "200 characters, common letters": many,
        "200 characters, words of songs": [
            " ".join([*texts][n : n + 9])[:200] for n in range(len(texts))
        ],
    }


def timed(ask: Callable[[str], object], texts: Sequence[str]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, of time that passes and of the processor's."""
    taken, used = [], []
    for text in texts:
        started, before = time.perf_counter(), time.process_time()
        ask(text)
        taken.append(1000 * (time.perf_counter() - started))
        used.append(1000 * (time.process_time() - before))
    found = {"": taken, "cpu_": used}
    return {
        f"{name}{which}_ms": float(np.quantile(values, share))
        for name, values in found.items()
        for which, share in (("p50", 0.5), ("p95", 0.95))
    }


def measure(songs: int, count: int) -> dict[str, Any]:
    """All figures for a number of songs."""
    rng = np.random.default_rng(songs)
    table = SongTable(catalogue(songs, rng), np.zeros(songs, bool))
    texts = [f"{song.artist} {song.title}" for song in table.songs(rng.integers(0, songs, count))]
    rows = {"the first query of all": timed(table.search, texts[:1])}
    for kind, asked in queries(texts, rng).items():
        rows[kind] = timed(lambda text: table.search(text, 8), asked)
    for kind in ("artist and title", "rare letters, no match", "200 characters, common letters"):
        asked = [f"{text}q" for text in queries(texts, rng)[kind]]
        rows[f"resolve, {kind}"] = timed(table.resolve, asked)
    return {"songs": songs, "rows": rows, "peak_gb": peak_memory() / 1e9}


def main() -> None:
    """Measure each size, print a table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, nargs="+", default=[30_000, 1_000_000])
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = []
    for songs in options.songs:
        found.append(measure(songs, options.requests))
        columns = "".join(f"{name:>10}" for name in ("p50 ms", "p95 ms", "CPU p50", "CPU p95"))
        print(f"\n{songs:,} songs\n\n{'':42}{columns}")
        for name, row in found[-1]["rows"].items():
            print(f"{name:42}" + "".join(f"{one:10.2f}" for one in row.values()))
    if options.json:
        libraries = versions_of(["numpy", "polars", "rapidfuzz"])
        write_json(
            {"figures": found, "machine": describe_machine(), "versions": libraries}, options.json
        )


if __name__ == "__main__":
    main()
