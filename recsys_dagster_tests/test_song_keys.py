"""Keys found batch by batch are the keys that the rules give."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.identity import SongKeys, song_key
from recsys_dagster_tests.tiers import examples

WORDS = st.sampled_from([
    "Abba", "feat. X", "ft Y", "FEAT", "Remastered 2009", "- Remaster", "(Re-Master)", "  ", "\t",
    "`", "'", "", " ", "\x1c", "\x85", "\xa0", "ß", "İ", "K", "Å", "\u200b", "–", "Live", "[", ")",
    "No.", "DJ", "A/B", "\u3000", "ﬀ", "\x00", "\x1f", "\x7f", "master", "gift",
])  # fmt: skip
NAME = st.one_of(
    st.lists(WORDS, max_size=5).map("".join),
    st.lists(WORDS, max_size=5).map(" ".join),
    st.text(max_size=12),
    st.text(st.characters(max_codepoint=127), max_size=12),
)


@pytest.mark.slow
@settings(max_examples=examples(300))
@given(st.lists(st.tuples(NAME, NAME), min_size=1, max_size=8), st.integers(1, 3))
def test_they_are_the_keys_of_the_rules(songs: list[tuple[str, str]], batches: int) -> None:
    table = pl.DataFrame(songs, schema={"artist": pl.String, "title": pl.String}, orient="row")
    expected = table.with_columns(song_key(pl.col("artist"), pl.col("title")).alias("song_key"))
    keys = SongKeys()
    for _ in range(batches):  # from the second on they are remembered
        found = keys.add(table)
        assert found.sort(pl.all()).equals(expected.sort(pl.all()))
