"""The files are those that Last.fm and a feature catalogue give."""

import re
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.demo import DemoConfig, DemoSummary, write_demo
from recsys_dagster.demo.sound import COLUMNS

SMALL = DemoConfig(users=7, songs=211, listens=3_001, seed=5)


def test_the_first_bytes_are_the_exports(summary: DemoSummary) -> None:
    header, first, *_ = summary.history.read_bytes().split(b"\n", 2)
    assert header == b'"",Username,Artist,Track,Album,Date,Time'
    assert re.fullmatch(rb"0,listener_001,.+,.+,.+,\d\d [A-Z][a-z]{2} 202[45], \d\d:\d\d", first)


def test_counts_are_exact(summary: DemoSummary, history: pl.DataFrame) -> None:
    assert history.height == summary.listens == 150_000
    assert history["Username"].n_unique() == summary.users == 200
    assert summary.songs == 3_000
    assert summary.artists == 300
    assert history["song"].n_unique() == summary.songs_played
    assert history[""].cast(pl.Int64).to_list() == list(range(150_000))


def test_listeners_come_one_after_another_newest_first(history: pl.DataFrame) -> None:
    assert history["Username"].is_sorted()
    step = history.select(pl.col("at").diff().over("Username")).to_series().drop_nulls()
    assert step.dt.total_minutes().max() == -3


@pytest.mark.slow
def test_the_calendar_is_fixed(history: pl.DataFrame) -> None:
    assert history["at"].min() >= datetime(2024, 1, 1)  # type: ignore[operator]
    assert history["at"].max() < datetime(2026, 1, 1, 0, 0)  # type: ignore[operator]
    assert history["Time"].str.contains(r"^ \d\d:\d\d$").all()


def test_the_catalogue_has_its_columns_and_its_share_of_songs(
    summary: DemoSummary, features: pl.DataFrame
) -> None:
    assert features.columns == ["artists", "track_name", *COLUMNS, "song"]
    assert features.height == summary.catalogue_rows == 2_550
    assert features["song"].n_unique() == 2_550


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one = write_demo(tmp_path / "a", tmp_path / "b", SMALL)
    two = write_demo(tmp_path / "c", tmp_path / "d", SMALL)
    assert one.history.read_bytes() == two.history.read_bytes()
    assert one.features.read_bytes() == two.features.read_bytes()


@pytest.mark.parametrize("name", ["history", "features"])
def test_another_seed_gives_another_world(tmp_path: Path, name: str) -> None:
    other = DemoConfig(users=7, songs=211, listens=3_001, seed=6)
    one = getattr(write_demo(tmp_path / "a", tmp_path / "a", SMALL), name).read_bytes()
    assert one != getattr(write_demo(tmp_path / "b", tmp_path / "b", other), name).read_bytes()


def test_only_the_files_are_left(tmp_path: Path) -> None:
    (tmp_path / "Last.fm_data.csv").write_text("old")
    written = write_demo(tmp_path, tmp_path, SMALL)
    assert sorted(tmp_path.iterdir()) == [written.history, written.features]
    assert written.history.read_bytes().startswith(b'"",')
