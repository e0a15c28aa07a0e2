"""What came from Spotify is not kept for good: not the answers, and not the features."""

from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.audio.batches import FeatureBatches
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.audio.sources.spotify_lookups import FEATURES_KEPT
from recsys_dagster_tests.audio.asking_spotify import DAY, Clock, Make, songs
from recsys_dagster_tests.audio.fake_spotify import FakeSpotify, quota, sound, track_id

pytestmark = pytest.mark.slow

TABLE = songs(("Radiohead", "Creep", None), ("A", "x", [track_id(1)]), ("Oasis", "x", None))


class Days:
    """One data folder on several days, each with a run of its own."""

    def __init__(self, folder: Path, make: Make, clock: Clock) -> None:
        self.folder, self.make, self.clock = folder, make, clock

    def batches(self) -> FeatureBatches:
        table = TABLE.with_columns(pl.lit(0).alias("batch"))
        return FeatureBatches(table, self.folder, [self.make()], self.clock)

    def run(self) -> pl.DataFrame:
        """Fill what is pending; what there is then."""
        batches = self.batches()
        for batch in batches.pending():
            batches.fill(batch)
        return pl.read_parquet(batches.path(0), glob=False)


@pytest.fixture
def days(tmp_path: Path, make: Make, clock: Clock) -> Days:
    return Days(tmp_path, make, clock)


def test_after_a_week_features_are_asked_for_again_and_searches_are_not(
    days: Days, fake: FakeSpotify, clock: Clock
) -> None:
    first = days.run()
    assert first["status"].to_list() == ["found", "found", "not_found"]
    assert first["expires_at"].min() == pytest.approx(clock.now + FEATURES_KEPT, abs=10)
    assert first["expires_at"].null_count() == 1
    clock.now += FEATURES_KEPT - 60
    assert days.batches().pending() == []
    clock.now += 60
    assert days.batches().pending() == [0]
    fake.tracks[track_id(1)].features["valence"] = 0.321  # type: ignore[index]
    searches, asked = len(fake.searches), len(fake.features_asked)
    second = days.run()
    fake.tracks[track_id(1)].features["valence"] = sound(1)["valence"]  # type: ignore[index]
    assert second["valence"].to_list() == [sound(2)["valence"], 0.321, None]
    assert len(fake.searches) == searches
    assert sorted(one for ids in fake.features_asked[asked:] for one in ids) == [
        track_id(1),
        track_id(2),
    ]
    assert days.batches().pending() == []


def test_what_cannot_be_had_again_is_dropped_until_it_can(
    days: Days, fake: FakeSpotify, clock: Clock
) -> None:
    days.run()
    clock.now += FEATURES_KEPT
    fake.faults.append(quota())
    dropped = days.run()
    assert dropped["status"].to_list() == ["blocked", "blocked", "not_found"]
    for values in (dropped.select(FEATURES), dropped["origin"].struct.unnest()):
        assert all(column.null_count() == dropped.height for column in values)
    assert dropped["expires_at"].null_count() == dropped.height
    clock.now += DAY
    assert days.run()["status"].to_list() == ["found", "found", "not_found"]
