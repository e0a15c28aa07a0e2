from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.listening import ranges
from recsys_dagster.listening.interactions import count_interactions, interaction_arrays
from recsys_dagster.listening.schema import LISTENS_SCHEMA
from recsys_dagster.listening.songs import unique_songs
from recsys_dagster_tests.listening.histories import SONGS, Listen, key_of, listens
from recsys_dagster_tests.tiers import examples

PLAYED = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from(SONGS)).map(lambda one: (one[0], *one[1])),
    max_size=30,
)


def as_table(played: list[Listen], spotify_id: str | None = None) -> pl.LazyFrame:
    start = datetime(2021, 1, 1, tzinfo=UTC)
    rows = [
        {
            "user": user, "artist": artist, "title": title, "spotify_id": spotify_id,
            "burst": False,
            "listened_at": None if position % 5 == 4 else start + timedelta(hours=position),
        }
        for position, (user, artist, title) in enumerate(played)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=LISTENS_SCHEMA).lazy()


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 7, 10_000])
def test_ranges_of_listeners_change_nothing(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = count(listens(5, 300)).sort("user", "song_key")
    monkeypatch.setattr(ranges, "LISTENS_AT_ONCE", at_once)
    lazy = count_interactions(as_table(listens(5, 300)))
    assert lazy.collect().sort("user", "song_key").equals(expected)
    assert lazy.head(4).filter(pl.col("user") == "w").collect().height <= 4
    whole = lazy.collect()
    assert lazy.head(4).collect().equals(whole.head(4))
    assert (
        lazy.head(40)
        .filter(pl.col("user") == "v")
        .collect()
        .equals(whole.head(40).filter(pl.col("user") == "v"))
    )
    assert lazy.select("user").collect().equals(whole.select("user"))


def count(played: list[Listen]) -> pl.DataFrame:
    return count_interactions(as_table(played)).collect()


@pytest.mark.slow
@settings(max_examples=examples(40))
@given(PLAYED)
def test_a_plain_recount_agrees(played: list[Listen]) -> None:
    table = count(played)
    expected = Counter((user, key_of(artist, title)) for user, artist, title in played)
    counted = table.select("user", "song_key", "play_count").rows()
    assert {(user, key): plays for user, key, plays in counted} == expected
    assert table.height == len(expected)
    assert table["play_count"].sum() == len(played)


@pytest.mark.slow
@settings(max_examples=examples(40))
@given(PLAYED, st.one_of(st.none(), st.integers(-1, 31)), st.data())
def test_early_plays_are_those_before_the_cut_or_without_a_time(
    played: list[Listen], hours: int | None, data: st.DataObject
) -> None:
    """Counted again, one listen after the other, whatever the spelling; bursts count once."""
    cut = None if hours is None else datetime(2021, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    bursts = data.draw(st.lists(st.booleans(), min_size=len(played), max_size=len(played)))
    listened = as_table(played).with_columns(pl.Series("burst", bursts, pl.Boolean()))
    expected: Counter[tuple[str, str]] = Counter()
    for row in listened.collect().iter_rows(named=True):
        early = cut is None or row["listened_at"] is None or row["listened_at"] < cut
        expected[row["user"], key_of(row["artist"], row["title"])] += early and not row["burst"]
    table = count_interactions(listened, cut).collect()
    counted = table.select("user", "song_key", "early_plays").rows()
    assert {(user, key): plays for user, key, plays in counted} == expected
    assert (table["early_plays"] <= table["play_count"]).all()
    if cut is None:
        assert table["early_plays"].equals(table["play_count"])


def test_early_plays_of_several_spellings_are_added_up() -> None:
    played = [
        ("u", "ABBA", "one"),
        ("u", "Abba", "One"),
        ("u", "abba", "ONE"),
        ("u", "Abba", "One"),
    ]
    cut = datetime(2021, 1, 1, 2, tzinfo=UTC)
    row = count_interactions(as_table(played), cut).collect().row(0, named=True)
    assert (row["play_count"], row["early_plays"]) == (4, 2)


def test_first_and_last_listens_are_those_of_the_recount() -> None:
    played = listens(1, 300)
    start = datetime(2021, 1, 1, tzinfo=UTC)
    times = {n: start + timedelta(hours=n) for n in range(len(played)) if n % 5 != 4}
    for row in count(played).iter_rows(named=True):
        own = [
            times.get(n)
            for n, (user, artist, title) in enumerate(played)
            if (user, key_of(artist, title)) == (row["user"], row["song_key"])
        ]
        known = [time for time in own if time is not None]
        assert (row["first_listen"], row["last_listen"]) == (min(known), max(known))


def test_a_listen_without_any_time_has_no_first() -> None:
    never = pl.lit(None, LISTENS_SCHEMA["listened_at"])
    table = as_table([("u", "A", "T")]).with_columns(listened_at=never)
    row = count_interactions(table).collect().row(0, named=True)
    assert (row["play_count"], row["first_listen"], row["last_listen"]) == (1, None, None)


def test_the_spelling_that_a_listener_had_most_is_kept() -> None:
    played = [
        ("u", "ABBA", "one"), ("u", "Abba", "One"), ("u", "Abba", "One"), ("v", "ABBA", "ONE"),
    ]  # fmt: skip
    table = count(played)
    assert table.select("user", "artist", "title").rows() == [
        ("u", "Abba", "One"),
        ("v", "ABBA", "ONE"),
    ]


def test_the_order_of_listens_changes_nothing() -> None:
    played = listens(2, 200)
    tables = [
        count(one).drop("first_listen", "last_listen").sort("user", "song_key")
        for one in (played, played[::-1])
    ]
    assert tables[0].equals(tables[1])


def test_arrays_say_what_the_table_says() -> None:
    interactions = count(listens(3, 200))
    songs = unique_songs(interactions.lazy())
    arrays = interaction_arrays(interactions.lazy(), songs.lazy())
    keys = songs["song_key"].to_list()
    triples = {
        (arrays.users[user], keys[song], int(plays))
        for user, song, plays in zip(arrays.user, arrays.song, arrays.plays, strict=True)
    }
    assert triples == set(interactions.select("user", "song_key", "play_count").rows())
    assert (arrays.early == arrays.plays).all()
    cut = datetime(2021, 1, 4, tzinfo=UTC)
    parted = count_interactions(as_table(listens(3, 200)), cut)
    early = interaction_arrays(parted, songs.lazy()).early
    assert 0 < early.sum() == parted.collect()["early_plays"].sum() < arrays.plays.sum()
    assert arrays.user.dtype == arrays.song.dtype == np.dtype(np.int32)
    assert list(arrays.users) == sorted(arrays.users)
    order = np.lexsort((arrays.song, arrays.user))
    assert (order == np.arange(len(order))).all()


def test_a_listener_of_no_known_song_is_in_no_array() -> None:
    interactions = count([("a", "X", "one"), ("b", "Y", "two"), ("c", "X", "one")])
    songs = unique_songs(interactions.lazy()).filter(pl.col("artist") == "X")
    arrays = interaction_arrays(interactions.lazy(), songs.lazy())
    assert arrays.users == ("a", "c")
    assert arrays.user.tolist() == [0, 1]
