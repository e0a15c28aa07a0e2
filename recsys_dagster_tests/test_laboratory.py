"""What models, ranker and evaluation share of a data folder."""

from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.interactions import INTERACTIONS_SCHEMA
from recsys_dagster.settings import load_settings
from recsys_dagster.stages.laboratory import open_pairs
from recsys_dagster.storage.tables import write_table
from recsys_dagster.workshop import Workshop


def test_a_table_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecsysError, match="Run `recsys run` first"):
        open_pairs(Workshop(load_settings(tmp_path)))


def test_pairs_are_kept_until_a_table_is_another(tmp_path: Path) -> None:
    shop = Workshop(load_settings(tmp_path))
    write_table(pl.DataFrame({"song_key": ["x", "y"], "song_id": [0, 1]}), shop.layout.songs)
    write_plays(shop, [3, 4])
    first = open_pairs(shop)
    assert open_pairs(shop) is first
    write_plays(shop, [3, 5])
    assert open_pairs(shop).plays.tolist() == [3, 5]
    assert first.plays.tolist() == [3, 4]
    with pytest.raises(ValueError, match="read-only"):
        first.plays[0] = 9


def write_plays(shop: Workshop, plays: list[int]) -> None:
    columns = {"user": "u", "song_key": ["x", "y"], "artist": "a", "title": "t",
               "play_count": plays, "early_plays": plays}  # fmt: skip
    table = pl.DataFrame(columns)
    rest = [pl.lit(None, kind).alias(name) for name, kind in INTERACTIONS_SCHEMA.items()
            if name not in columns]  # fmt: skip
    write_table(table.with_columns(rest), shop.layout.interactions)
