"""Names read like music, are unique where songs must be told apart, and are awkward enough."""

import numpy as np
import polars as pl
import pytest

from recsys_dagster.demo.draw import Ints
from recsys_dagster.demo.naming import artist_names, make_names, respell


def _keys(sizes: Ints, seed: int = 0) -> pl.DataFrame:
    names = make_names(sizes, np.random.default_rng(seed))
    artist = names.artist.gather(np.repeat(np.arange(len(sizes)), sizes))
    base = names.title.str.replace(r" (- .*|\(.*\))$", "").str.to_lowercase()
    return pl.DataFrame({"artist": artist, "title": names.title, "base": base})


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 300, 120_000, 400_000])
def test_artists_are_unique(count: int) -> None:
    names = artist_names(count, np.random.default_rng(1))
    assert names.str.to_lowercase().str.strip_prefix("the ").n_unique() == count


def test_titles_are_unique_within_an_artist_whatever_the_edition() -> None:
    songs = _keys(np.array([1, 40_000, 12, 30]))
    assert songs.select("artist", "base").is_unique().all()


def test_the_catalogue_holds_what_later_stages_must_cope_with() -> None:
    titles = _keys(np.full(300, 10))["title"]
    for part in ("(feat. ", " - Live", " - Remastered 2009", "'", '"', ","):
        assert titles.str.contains(part, literal=True).any(), part
    assert titles.is_in(["1999", "True"]).any()
    assert titles.str.contains(r"\p{Cyrillic}|\p{Han}|\p{Greek}|\p{Arabic}|\p{Hangul}").any()


def test_another_spelling_keeps_the_words() -> None:
    titles = pl.Series(["Don't Go", "Neon Rain", "雨", "1999"])
    other = respell(titles, np.random.default_rng(0))
    assert other[0] == "Don\u2019t Go"
    assert other[1] in {"NEON RAIN", "neon rain"}
    assert other[2:].to_list() == ["雨", "1999"]


@pytest.mark.slow
def test_some_listens_spell_a_song_otherwise(history: pl.DataFrame) -> None:
    spellings = history.group_by("song").agg(pl.col("Track").value_counts(sort=True))
    usual = spellings.select("song", pl.col("Track").list.first().struct.field("Track"))
    unusual = history.join(usual, on=["song", "Track"], how="anti").height / history.height
    assert 0.01 < unusual < 0.03


@pytest.mark.slow
def test_there_are_names_for_a_million_songs() -> None:
    sizes = 1 + np.random.default_rng(0).multinomial(900_000, np.full(100_000, 1e-5))
    songs = _keys(sizes)
    assert songs.height == 1_000_000
    assert songs["artist"].n_unique() == 100_000
    assert songs.select("artist", "base").is_unique().all()
