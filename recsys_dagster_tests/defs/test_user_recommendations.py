"""The table of what every listener is recommended, as the pipeline makes it."""

import json
from pathlib import Path

import polars as pl

from recsys_dagster.defs.running import run_everything
from recsys_dagster.recommend import Recommender
from recsys_dagster.recommend.listing import SCHEMA, SONGS_EACH
from recsys_dagster.workshop import Workshop


def table(shop: Workshop) -> pl.DataFrame:
    return pl.read_parquet(shop.layout.recommendations)


def test_the_table_has_what_single_requests_give(shop: Workshop) -> None:
    found, recommender = table(shop), Recommender.open(shop.layout.root)
    assert found.schema == SCHEMA
    assert found["user"].unique(maintain_order=True).to_list() == recommender.users
    for user in recommender.users[:10]:
        own = found.filter(pl.col("user") == user)
        songs = recommender.recommend(user=user, n=SONGS_EACH).recommendations
        assert own["song_id"].to_list() == [song.song_id for song in songs]
        assert own["rank"].to_list() == [song.rank for song in songs]
        assert own["source"].to_list() == [song.sources[0] for song in songs]


def test_nothing_played_is_in_it(shop: Workshop) -> None:
    played = pl.read_parquet(shop.layout.interactions).join(
        pl.read_parquet(shop.layout.songs), on="song_key"
    )
    assert table(shop).join(played, on=["user", "song_id"]).is_empty()


def test_it_says_which_release_it_is_of(shop: Workshop) -> None:
    stamp = shop.stamps.read("user_recommendations")
    assert stamp is not None
    assert stamp.facts["release"] == shop.releases.current_id()
    assert stamp.facts["rows"] == table(shop).height
    assert stamp.facts["users"] == len(json.loads(_users(shop).read_text("utf-8")))


def _users(shop: Workshop) -> Path:
    current = shop.releases.current_id()
    assert current is not None
    return shop.layout.releases / current / "history" / "users.json"


def test_a_table_that_is_damaged_or_gone_is_made_again_to_the_same_bytes(shop: Workshop) -> None:
    path = shop.layout.recommendations
    before = path.read_bytes()
    path.write_bytes(before[: len(before) // 2])
    assert run_everything().done == ("user_recommendations",)
    assert path.read_bytes() == before
    path.unlink()
    assert run_everything().done == ("user_recommendations",)
    assert path.read_bytes() == before
    assert run_everything().done == ()
