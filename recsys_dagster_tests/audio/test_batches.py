from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.audio.batches import FeatureBatches
from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.audio.merging import AUDIO_SCHEMA
from recsys_dagster.audio.sources import FeatureSource
from recsys_dagster.audio.sources.base import LOOKED_UP
from recsys_dagster.storage import atomic
from recsys_dagster_tests.audio.fake_reccobeats import MovedClock

Known = dict[int, dict[str, float | str]]
WHOLE: dict[str, float | str] = dict.fromkeys(FEATURES, 1.0)


class FakeSource:
    """Knows what it is told; `fails_at` is a song at which it breaks down."""

    def __init__(
        self, name: str, known: Known, fingerprint: str = "1", fails_at: int | None = None,
        *, is_service: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self.is_service = is_service
        self.fingerprint = fingerprint
        self.known = known
        self.fails_at = fails_at
        self.asked: list[int] = []

    @property
    def refused_files(self) -> list[str]:
        return []

    def close(self) -> None:
        pass

    @property
    def remarks(self) -> list[str]:
        return []

    @property
    def requests(self) -> int:
        return len(self.asked)

    def look_up(self, songs: pl.DataFrame) -> pl.DataFrame:
        assert songs.columns == ["song_id", "song_key", "artist", "title", "spotify_ids"]
        assert songs.height
        ids = songs["song_id"].to_list()
        if self.fails_at in ids:
            raise ConnectionError
        self.asked += ids
        rows = [{"song_id": one, "status": "no_features", **self.known[one]}
                for one in ids if one in self.known]  # fmt: skip
        return pl.DataFrame(rows, schema=LOOKED_UP)


def make_songs(count: int, word: str = "t") -> pl.DataFrame:
    ids = pl.int_range(count, dtype=pl.Int32, eager=True)
    return pl.DataFrame({"song_id": ids}).select(
        "song_id",
        pl.format("a — {}{}", pl.lit(word), "song_id").alias("song_key"),
        pl.lit("a").alias("artist"),
        pl.format("{}{}", pl.lit(word), "song_id").alias("title"),
        pl.lit(None, pl.List(pl.String)).alias("spotify_ids"),
        (pl.col("song_id") // 500).alias("batch"),
        pl.lit(1).alias("plays"),
    )


def fill_all(
    count: int, folder: Path, sources: Sequence[FeatureSource], target: str = "all.parquet"
) -> pl.DataFrame:
    batches = FeatureBatches(make_songs(count), folder, sources)
    list(batches.fill_all(batches.pending()))
    batches.gather(folder / target)
    assert batches.pending() == []
    return pl.scan_parquet(folder / target, glob=False).collect()


def some_known(count: int) -> Known:
    known: Known = {}
    for one in range(count):
        if one % 3 == 0:
            known[one] = {"energy": one / count, "key": float(one % 12)}
        elif one % 3 == 1:
            known[one] = {REFUSED: "energy 7 is not 0 to 1"} if one % 2 else {}
    return known


def test_a_batch_is_five_hundred_songs(tmp_path: Path) -> None:
    batches = FeatureBatches(make_songs(1_001), tmp_path, [FakeSource("s", {})])
    assert batches.numbers == batches.pending() == [0, 1, 2]
    assert [batches.fill(number).songs for number in (0, 1, 2)] == [500, 500, 1]
    assert batches.pending() == []
    assert pl.read_parquet(batches.path(1))["song_id"].to_list() == list(range(500, 1_000))


def test_statuses_and_reasons(tmp_path: Path) -> None:
    known: Known = {
        0: {"energy": 0.5, REFUSED: "key 12 is not 0 to 11"},
        1: {REFUSED: "energy 7 is not 0 to 1"},
        2: {},
    }
    table = fill_all(4, tmp_path, [FakeSource("s", known)])
    assert table.schema == AUDIO_SCHEMA
    assert table.select("status", "source", REFUSED).rows() == [
        ("found", "s", "key 12 is not 0 to 11"),
        ("no_features", None, "energy 7 is not 0 to 1"),
        ("no_features", None, None),
        ("not_found", None, None),
    ]
    batches = FeatureBatches(make_songs(4), tmp_path, [FakeSource("s", known)])
    report = batches.fill(0)
    assert report.by_status == {"found": 1, "no_features": 2, "not_found": 1}
    assert (report.by_source, report.refused) == ({"s": 1}, 2)


def test_the_second_source_is_asked_only_for_what_is_missing(tmp_path: Path) -> None:
    one = FakeSource("one", {0: WHOLE, 1: {"energy": 0.1, REFUSED: "r1"}, 2: {REFUSED: "r2"}})
    two = FakeSource(
        "two", {0: WHOLE, 1: {"energy": 0.9, "key": 4.0, REFUSED: "r3"}, 2: {"key": 5.0}, 3: {}}
    )
    three = FakeSource("three", {})
    table = fill_all(5, tmp_path, [one, two, three])
    assert one.asked == [0, 1, 2, 3, 4]
    assert two.asked == three.asked == [1, 2, 3, 4]
    assert table["energy"].to_list() == [1.0, 0.1, None, None, None]
    assert table["key"].to_list() == [1.0, 4.0, 5.0, None, None]
    assert table["source"].to_list() == ["one", "one+two", "two", None, None]
    assert table[REFUSED].to_list() == [None, "r1; r3", "r2", None, None]
    assert table["status"].to_list() == ["found"] * 3 + ["no_features", "not_found"]
    origin = table["origin"].to_list()
    assert (origin[1]["energy"], origin[1]["key"], origin[1]["tempo"]) == ("one", "two", None)


def test_a_feature_has_an_origin_and_only_then(tmp_path: Path) -> None:
    table = fill_all(60, tmp_path, [FakeSource("s", some_known(60)), FakeSource("t", {0: WHOLE})])
    for row in table.iter_rows(named=True):
        assert {n for n in FEATURES if row[n] is not None} == {
            n for n, origin in row["origin"].items() if origin is not None
        }


def test_a_whole_first_source_leaves_nothing_to_ask(tmp_path: Path) -> None:
    two = FakeSource("two", {})
    fill_all(3, tmp_path, [FakeSource("one", dict.fromkeys(range(3), WHOLE)), two])
    assert two.asked == []


@pytest.mark.slow
@pytest.mark.parametrize("change", ["song", "count", "fingerprint", "name", "order", "fewer"])
def test_a_batch_is_pending_again_when_what_it_was_made_from_changes(
    change: str, tmp_path: Path
) -> None:
    one, two = FakeSource("one", {}), FakeSource("two", {})
    fill_all(600, tmp_path, [one, two])
    songs, sources = make_songs(600), [one, two]
    changed = [0, 1]
    if change == "song":
        new = pl.when(pl.col("song_id") == 7).then(pl.lit("another")).otherwise("song_key")
        songs, changed = songs.with_columns(new.alias("song_key")), [0]
    elif change == "count":
        songs, changed = make_songs(601), [1]
    elif change == "fingerprint":
        sources = [one, FakeSource("two", {}, "2")]
    elif change == "name":
        sources = [one, FakeSource("three", {})]
    elif change == "order":
        sources = [two, one]
    elif change == "fewer":
        sources = [one]
    batches = FeatureBatches(songs, tmp_path, sources)
    assert batches.pending() == changed
    for number in changed:
        batches.fill(number)
    assert batches.pending() == []
    plays = pl.lit(99, pl.Int32).alias("plays")
    assert FeatureBatches(songs.with_columns(plays), tmp_path, sources).pending() == []


def test_a_damaged_or_missing_batch_is_pending(tmp_path: Path) -> None:
    fill_all(1_100, tmp_path, [FakeSource("s", {})])
    batches = FeatureBatches(make_songs(1_100), tmp_path, [FakeSource("s", {})])
    batches.path(0).unlink()
    batches.path(2).write_bytes(b"PAR1half")
    assert batches.pending() == [0, 2]


def test_a_killed_batch_stays_pending_and_the_others_done(tmp_path: Path) -> None:
    known = some_known(1_200)
    batches = FeatureBatches(make_songs(1_200), tmp_path, [FakeSource("s", known, fails_at=600)])
    batches.fill(0)
    done = batches.path(0).read_bytes()
    with pytest.raises(ConnectionError):
        batches.fill(1)
    batches.fill(2)
    assert batches.pending() == [1]
    assert len(list(tmp_path.iterdir())) == 2
    again = FakeSource("s", known)
    table = fill_all(1_200, tmp_path, [again])
    assert again.asked == list(range(500, 1_000))
    assert batches.path(0).read_bytes() == done
    assert table.equals(fill_all(1_200, tmp_path / "undisturbed", [FakeSource("s", known)]))


@pytest.mark.parametrize("is_service", [True, False])
def test_only_services_are_asked_batch_by_batch(tmp_path: Path, is_service: bool) -> None:
    known = some_known(1_200)
    source = FakeSource("s", known, fails_at=1_100, is_service=is_service)
    batches = FeatureBatches(make_songs(1_200), tmp_path, [source])
    with pytest.raises(ConnectionError):
        list(batches.fill_all([0, 1, 2]))
    assert batches.pending() == ([2] if is_service else [0, 1, 2])


def test_batches_and_one_look_up_agree(tmp_path: Path) -> None:
    sources = [FakeSource("s", some_known(1_300)), FakeSource("t", {5: WHOLE, 900: WHOLE})]
    at_once = FeatureBatches(
        make_songs(1_300).with_columns(pl.lit(0).alias("batch")), tmp_path / "one", sources
    )
    at_once.fill(0)
    assert at_once.numbers == [0]
    table = fill_all(1_300, tmp_path, sources)
    assert table.equals(pl.read_parquet(at_once.path(0)))
    assert table["song_id"].to_list() == list(range(1_300))


def test_the_order_of_filling_does_not_matter_and_twice_is_the_same(tmp_path: Path) -> None:
    known = some_known(1_200)
    fill_all(1_200, tmp_path / "a", [FakeSource("s", known)])
    batches = FeatureBatches(make_songs(1_200).reverse(), tmp_path / "b", [FakeSource("s", known)])
    for number in (2, 0, 1, 0):
        batches.fill(number)
    batches.gather(tmp_path / "b" / "all.parquet")
    for name in ("batch=00000.parquet", "batch=00002.parquet", "all.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_batches_that_are_no_more_are_removed(tmp_path: Path) -> None:
    fill_all(1_200, tmp_path, [FakeSource("s", {})])
    table = fill_all(400, tmp_path, [FakeSource("s", {})])
    assert [file.name for file in tmp_path.glob("batch=*")] == ["batch=00000.parquet"]
    assert table.height == 400


def test_odd_characters_in_the_data_folder(tmp_path: Path) -> None:
    assert fill_all(3, tmp_path / "[x]*?", [FakeSource("s", {0: WHOLE})]).height == 3


def test_only_values_that_were_taken_expire(tmp_path: Path) -> None:
    first = FakeSource("first", {0: {"energy": 0.1}, 1: WHOLE, 2: {}})
    passing: dict[str, float | str] = {"energy": 0.9, "expires_at": 70.0}
    second = FakeSource("second", {0: {**passing, "key": 1.0}, 1: passing, 2: {"expires_at": 50.0}})
    third = FakeSource("third", {0: {"key": 2.0, "expires_at": 60.0}})
    clock = MovedClock()
    clock.now = 69.0
    batches = FeatureBatches(make_songs(4), tmp_path, [first, second, third], clock)
    batches.fill(0)
    assert pl.read_parquet(batches.path(0))["expires_at"].to_list() == [70.0, None, None, None]
    assert batches.pending() == []
    assert batches.retry_at() == 70.0
    clock.now = 70.0
    assert batches.pending() == [0]


def test_a_batch_with_a_flipped_bit_is_filled_again(tmp_path: Path) -> None:
    known = some_known(1_100)
    table = fill_all(1_100, tmp_path, [FakeSource("s", known)])
    batches = FeatureBatches(make_songs(1_100), tmp_path, [FakeSource("s", known)])
    batches.drop_damaged()
    assert batches.pending() == []
    whole = batches.path(1).read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 3] ^= 1
    batches.path(1).write_bytes(damaged)
    assert batches.pending() == []  # what it was made from is said at its end, and is right
    batches.drop_damaged()
    assert batches.pending() == [1]
    assert fill_all(1_100, tmp_path, [FakeSource("s", known)]).equals(table)
    assert batches.path(1).read_bytes() == whole


def test_files_are_flushed_together_and_what_the_disk_lost_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(atomic, "flush", flushed.append)
    batches = FeatureBatches(make_songs(1_200), tmp_path, [FakeSource("a", {})])
    list(batches.fill_all(batches.pending()))
    assert len(set(flushed)) == 4  # each file, and once their folder
    assert flushed.count(tmp_path) == 1
    whole = batches.path(1).read_bytes()
    batches.path(1).write_bytes(bytes(len(whole)))
    assert batches.pending() == [1]
    list(batches.fill_all([1]))
    assert batches.path(1).read_bytes() == whole
