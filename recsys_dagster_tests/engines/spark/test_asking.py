"""Through Spark Connect: tables, songs for all listeners and the evaluation's lists as here."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from recsys_dagster.engines.local import LocalEngine
from recsys_dagster.engines.spark.session import open_session
from recsys_dagster.evaluation.ranking import rank_here
from recsys_dagster.recommend.batch import BLOCK
from recsys_dagster.recommend.listing import SCHEMA, write_recommendations
from recsys_dagster.recommend.packing import pack
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster_tests import worlds
from recsys_dagster_tests.clusters import Cluster
from recsys_dagster_tests.engines.spark.asking import SHAPE, Asked
from recsys_dagster_tests.engines.spark.history import HARD_NAME, run, write_history

if TYPE_CHECKING:
    from recsys_dagster.engines.spark.engine import SparkEngine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark")]


@pytest.fixture(scope="module")
def world() -> worlds.World:
    return worlds.make(SHAPE)


@pytest.fixture(scope="module")
def engine(spark_cluster: Cluster) -> Iterator["SparkEngine"]:
    """Through Spark Connect, which can less than a session of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_REMOTE", spark_cluster.remote)
        settings = load_settings()
    with open_session(settings) as session:
        from recsys_dagster.engines.spark.engine import SparkEngine

        yield SparkEngine(session)


def test_the_tables_are_the_same(
    engine: "SparkEngine", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")  # pyspark sets it with the session
    from recsys_dagster_tests.engines.spark.equality import differences

    here, there = tmp_path / "here", tmp_path / HARD_NAME
    for folder in (here, there):
        write_history(Layout(folder).history)
    assert run(there, engine, "listens") == run(here, LocalEngine(), "listens")
    assert differences(here, there) == []


def test_every_listener_gets_the_same_songs(
    world: worlds.World, engine: "SparkEngine", tmp_path: Path
) -> None:
    release, here, there = (tmp_path / name for name in ("release", "here", "there"))
    release.mkdir()
    pack(release, world.parts, {})
    engine.recommend_all(release, there)
    write_recommendations(world.parts, here)
    found = pl.read_parquet(there)
    assert found.schema == SCHEMA
    assert found.equals(pl.read_parquet(here))
    assert found["user"].n_unique() == SHAPE.users > 2 * BLOCK


def test_every_case_gets_the_same_lists(
    world: worlds.World, engine: "SparkEngine", tmp_path: Path
) -> None:
    asked = Asked(world)
    with engine.ranking(tmp_path) as ranking:
        for kind, cases in asked.cases.items():
            here = rank_here(asked.engine_of, cases, asked.asks)
            there = ranking(asked.engine_of, cases, asked.asks)
            assert list(there) == list(asked.asks)
            for name, lists in here.items():
                np.testing.assert_array_equal(there[name], lists, err_msg=f"{kind}, {name}")
            alike = [name for name, lists in here.items() if (lists == here["hybrid"]).all()]
            assert alike == ["hybrid"]
        assert ranking(asked.engine_of, [], asked.asks)["svd"].shape == (0, 20)
    assert not list(tmp_path.iterdir())
