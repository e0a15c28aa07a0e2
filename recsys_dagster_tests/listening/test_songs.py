from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.listening.interactions import count_interactions
from recsys_dagster.listening.songs import BATCH_SIZE, SONGS_SCHEMA, unique_songs
from recsys_dagster_tests.listening.histories import Listen, key_of, listens
from recsys_dagster_tests.listening.test_interactions import PLAYED, as_table
from recsys_dagster_tests.tiers import examples


def songs_of(
    played: list[Listen], known: pl.DataFrame | None = None, spotify_id: str | None = None
) -> pl.DataFrame:
    return unique_songs(count_interactions(as_table(played, spotify_id)), known)


@pytest.mark.slow
@settings(max_examples=examples(30))
@given(st.lists(PLAYED, min_size=1, max_size=4))
def test_an_id_never_changes_its_song(histories: list[list[Listen]]) -> None:
    """Whatever is added or taken away: ids stay, are dense, and count what is played now."""
    table: pl.DataFrame | None = None
    ids: dict[str, int] = {}
    for played in histories:
        table = songs_of(played, table)
        now = dict(table.select("song_key", "song_id").rows())
        assert table.schema == SONGS_SCHEMA
        assert table["song_id"].to_list() == list(range(table.height))
        assert len(now) == table.height
        assert now.items() >= ids.items()
        ids = now
        plays = Counter(key_of(artist, title) for _, artist, title in played)
        listeners = Counter(key for _, key in {(user, key_of(a, t)) for user, a, t in played})
        assert dict(table.select("song_key", "plays").rows()) == {**dict.fromkeys(ids, 0), **plays}
        assert dict(table.select("song_key", "listeners").rows()) == {
            **dict.fromkeys(ids, 0),
            **listeners,
        }
    assert set(ids) == {key_of(a, t) for played in histories for _, a, t in played}


def test_the_most_played_come_first_and_new_ones_behind() -> None:
    first = songs_of([("u", "A", "x"), ("u", "A", "y"), ("v", "A", "y")])
    assert first["title"].to_list() == ["y", "x"]
    second = songs_of([("u", "A", "z")] * 9, first)
    assert second["title"].to_list() == ["y", "x", "z"]
    assert second["plays"].to_list() == [0, 0, 9]


def test_the_spelling_used_most_is_shown() -> None:
    table = songs_of([("u", "ABBA", "One"), ("v", "Abba", "One"), ("w", "Abba", "One")])
    assert table.select("artist", "title").rows() == [("Abba", "One")]


def test_a_spelling_changes_and_the_id_stays() -> None:
    first = songs_of([("u", "ABBA", "ONE")])
    second = songs_of([("u", "Abba", "One")], first)
    assert second.select("song_id", "artist", "title").rows() == [(0, "Abba", "One")]


def test_a_spotify_id_is_kept_when_nobody_plays_the_song() -> None:
    first = songs_of([("u", "A", "x")], spotify_id="s")
    assert songs_of([], first)["spotify_id"].to_list() == ["s"]


def test_batches_are_five_hundred_songs() -> None:
    table = songs_of([("u", "A", f"t{number}") for number in range(2 * BATCH_SIZE + 1)])
    assert Counter(table["batch"]) == {0: BATCH_SIZE, 1: BATCH_SIZE, 2: 1}
    assert table["batch"].to_list() == sorted(table["batch"])


@pytest.mark.slow
def test_twice_is_the_same() -> None:
    played = listens(4, 300)
    table = songs_of(played)
    assert songs_of(played[::-1]).equals(table)
    assert songs_of(played, table).equals(table)


def test_several_spotify_ids_of_a_song_are_kept() -> None:
    """Re-linked tracks: ids of most listeners first, and none is forgotten."""
    tables = [as_table([(user, "A", "x")], spotify_id) for user, spotify_id in
              [("u", "one"), ("v", "two"), ("w", "two"), ("x", None)]]  # fmt: skip
    first = unique_songs(count_interactions(pl.concat(tables)))
    assert first.select("spotify_id", "spotify_ids").rows() == [("two", ["two", "one"])]
    second = songs_of([("u", "A", "x")], first, spotify_id="three")
    assert second["spotify_ids"].to_list() == [["three", "two", "one"]]


def test_a_listener_s_ids_come_by_plays() -> None:
    played = [as_table([("u", "A", "x")] * count, one) for count, one in [(1, "a"), (3, "b")]]
    table = count_interactions(pl.concat(played)).collect()
    assert table.select("play_count", "spotify_ids").rows() == [(4, ["b", "a"])]


def test_a_table_of_the_first_version_keeps_its_ids() -> None:
    table = songs_of([("u", "A", "x"), ("u", "A", "y")], spotify_id="s")
    old = table.drop("spotify_ids")
    assert songs_of([("u", "A", "z")], old)["title"].to_list() == [*table["title"], "z"]
    assert songs_of([], old)["spotify_ids"].to_list() == [["s"], ["s"]]
