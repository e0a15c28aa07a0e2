from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.listening.song_ids import known_songs
from recsys_dagster.listening.songs import SONGS_SCHEMA, unique_songs
from recsys_dagster.recommend.songs import add_search_columns
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases
from recsys_dagster.storage.tables import write_sealed, write_table


def songs_of(*keys: str) -> pl.DataFrame:
    rows = [
        {"song_id": number, "artist": "a", "title": key, "song_key": key, "plays": 9 - number,
         "listeners": 1, "spotify_id": f"s{key}", "spotify_ids": [f"s{key}"], "batch": 0}
        for number, key in enumerate(keys)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SONGS_SCHEMA)


OLD, MORE = songs_of("x", "y", "z"), songs_of("x", "y", "z", "new")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.songs.parent.mkdir()
    return layout


def release(layout: Layout, songs: pl.DataFrame) -> str:
    releases = Releases(layout.releases)
    with releases.build() as building:
        write_table(add_search_columns(songs), building / "songs.parquet")
        return releases.publish(building, figures={}, demo=True, check=lambda _: None).id


def flip(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.write_bytes(content)


def test_a_whole_table_counts_whatever_was_released(layout: Layout) -> None:
    release(layout, OLD)
    write_sealed(MORE, layout.songs)
    songs, remark = known_songs(layout)
    assert songs is not None
    assert songs.equals(MORE)
    assert remark is None


def test_before_any_song_there_is_none(layout: Layout) -> None:
    assert known_songs(layout) == (None, None)


@pytest.mark.slow
@pytest.mark.parametrize("place", [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.9, 0.999])
def test_a_flipped_bit_anywhere_leads_to_the_ids_of_the_newest_release(
    layout: Layout, place: float
) -> None:
    release(layout, songs_of("other"))
    newest = release(layout, OLD)
    write_sealed(MORE, layout.songs)
    flip(layout.songs, place)
    songs, remark = known_songs(layout)
    assert songs is not None
    assert songs.equals(OLD) or songs.equals(MORE)  # a bit that says nothing of the songs
    if not songs.equals(MORE):
        assert remark == (
            f"The table of songs was damaged; songs keep the ids of release {newest}."
        )


def test_a_lost_table_and_what_is_made_of_it(layout: Layout) -> None:
    newest = release(layout, OLD)
    songs, remark = known_songs(layout)
    assert remark == f"The table of songs was gone; songs keep the ids of release {newest}."
    played = pl.LazyFrame(
        {"song_key": ["w", "z", "x"], "artist": "a", "title": ["w", "z", "x"], "play_count": 2,
         "spotify_ids": [[], ["sz"], []]},
        schema_overrides={"spotify_ids": pl.List(pl.String)},
    )  # fmt: skip
    made = unique_songs(played, songs)
    assert made["song_key"].to_list() == ["x", "y", "z", "w"]
    assert made["spotify_id"].to_list() == ["sx", "sy", "sz", None]


def test_a_damaged_release_is_passed_over(layout: Layout) -> None:
    whole, newest = release(layout, OLD), release(layout, songs_of("other"))
    flip(layout.releases / newest / "songs.parquet", 0.5)
    songs, remark = known_songs(layout)
    assert songs is not None
    assert songs.equals(OLD)
    assert whole in str(remark)


def test_new_ids_are_said_where_there_is_no_release(layout: Layout) -> None:
    layout.songs.write_bytes(b"no table")
    songs, remark = known_songs(layout)
    assert songs is None
    assert "songs have new ids" in str(remark)


def test_a_table_of_the_first_versions_counts_where_it_goes_on_from_the_release(
    layout: Layout,
) -> None:
    write_table(MORE, layout.songs)
    release(layout, OLD)
    songs, remark = known_songs(layout)
    assert songs is not None
    assert songs.equals(MORE)
    assert remark is None
    write_table(MORE.with_columns(pl.col("song_key").reverse()), layout.songs)
    songs, remark = known_songs(layout)
    assert songs is not None
    assert songs.equals(OLD)
    assert remark is not None


def test_a_table_without_keys_does_not_count(layout: Layout) -> None:
    write_table(MORE.drop("song_key"), layout.songs)
    release(layout, OLD)
    songs, remark = known_songs(layout)
    assert songs is not None
    assert songs.equals(OLD)
    assert remark is not None
