"""One world of the default size, and how its files are read back."""

from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.demo import DemoConfig, DemoSummary, write_demo


def read_history(path: Path) -> pl.DataFrame:
    """Read a history with `song`, the song whatever its spelling, and `at`, when it was played."""
    raw = pl.read_csv(path, infer_schema=False)
    title = pl.col("Track").str.replace_all("\u2019", "'").str.to_lowercase()
    when = (pl.col("Date") + pl.col("Time")).str.to_datetime("%d %b %Y %H:%M", strict=True)
    return raw.with_columns(song=pl.col("Artist") + "\t" + title, at=when)


def read_features(path: Path) -> pl.DataFrame:
    """Read a catalogue with `song` as in `read_history`."""
    raw = pl.read_csv(path, schema_overrides={"track_name": pl.String})
    return raw.with_columns(song=pl.col("artists") + "\t" + pl.col("track_name").str.to_lowercase())


@pytest.fixture(scope="session")
def summary(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    root = tmp_path_factory.mktemp("demo")
    return write_demo(root / "history", root / "features" / "deep", DemoConfig())


@pytest.fixture(scope="session")
def history(summary: DemoSummary) -> pl.DataFrame:
    return read_history(summary.history)


@pytest.fixture(scope="session")
def features(summary: DemoSummary) -> pl.DataFrame:
    return read_features(summary.features)
