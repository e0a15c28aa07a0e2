import random
from collections import Counter

import polars as pl
import pytest

from recsys_dagster.audio.coverage import Coverage, measure_coverage

Song = tuple[int, int, str | None, str | None]
"""song_id, plays, status (None: no batch yet) and source."""


def measure(songs: list[Song]) -> Coverage:
    schema = {"song_id": pl.Int32, "plays": pl.Int64, "status": pl.String, "source": pl.String}
    table = pl.DataFrame(songs, schema=schema, orient="row").lazy()
    return measure_coverage(
        table.drop_nulls("status").drop("plays"), table.select("song_id", "plays")
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_plain_recount_agrees(seed: int) -> None:
    rng = random.Random(seed)
    statuses: list[tuple[str | None, str | None]] = [
        ("found", "a"), ("found", "b"), ("found", "a+b"), ("no_features", None),
        ("not_found", None), (None, None),
    ]  # fmt: skip
    songs = [(n, rng.randrange(4), *rng.choice(statuses)) for n in range(200)]
    played = [song for song in songs if song[1]]
    coverage = measure(songs)
    assert coverage.songs == len(played)
    assert coverage.by_source == Counter(song[3] for song in played if song[3])
    assert coverage.missing_by_reason == Counter(
        song[2] or "pending" for song in played if song[2] != "found"
    )
    found = [song[1] for song in played if song[2] == "found"]
    assert coverage.songs_with_features == len(found) == sum(coverage.by_source.values())
    assert coverage.share_of_plays == sum(found) / sum(song[1] for song in played)


def test_nothing_played_is_nothing_covered() -> None:
    assert measure([(0, 0, "found", "a")]) == Coverage(0, 0, {}, {}, 0.0)
