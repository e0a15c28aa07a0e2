"""The table of what every listener is recommended."""

from pathlib import Path

import numpy as np
import polars as pl

from recsys_dagster.recommend.batch import Block
from recsys_dagster.recommend.listing import (
    SCHEMA,
    SONGS_EACH,
    batch_of,
    table_of,
    write_recommendations,
)
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster_tests import worlds


def test_the_table_has_a_row_for_each_song_of_a_block(world: worlds.World, tmp_path: Path) -> None:
    n, users = 7, world.parts.histories.users
    write_recommendations(world.parts, tmp_path / "found.parquet", n=n, threads=1)
    found = pl.read_parquet(tmp_path / "found.parquet")
    block = batch_of(world.parts, n).block(0)
    assert found.schema == SCHEMA
    assert found.rows() == [
        (users[who], place + 1, block.ids[row, place], block.scores[row, place],
         PARTS[block.sources[row, place]])
        for row, who in enumerate(block.listeners.tolist())
        for place in range(n)
        if block.ids[row, place] >= 0
    ]  # fmt: skip


def test_there_are_as_many_songs_each_as_the_documentation_says() -> None:
    assert SONGS_EACH == 20


def test_a_list_that_is_short_has_fewer_rows() -> None:
    ids = np.array([[5, -1], [-1, -1], [0, 3]])
    block = Block(np.array([1, 2, 0]), ids, np.zeros((3, 2), np.float32), np.zeros((3, 2), np.int8))
    found = table_of(block, ("anna", "ben", "chloé"))
    assert found["user"].to_list() == ["ben", "anna", "anna"]
    assert found["rank"].to_list() == [1, 1, 2]
    assert found["song_id"].to_list() == [5, 0, 3]
