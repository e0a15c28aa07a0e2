"""Songs for all listeners and the evaluation's lists: from a cluster the same as here."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_dagster.evaluation.ranking import rank_here
from recsys_dagster.recommend.batch import BLOCK
from recsys_dagster.recommend.listing import SCHEMA, write_recommendations
from recsys_dagster.recommend.packing import pack
from recsys_dagster_tests import worlds
from recsys_dagster_tests.clusters import Cluster
from recsys_dagster_tests.engines.spark import asking_job
from recsys_dagster_tests.engines.spark.asking import SHAPE, Asked
from recsys_dagster_tests.engines.spark.both_places import PLACES, run_at_both

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark")]


@pytest.fixture(scope="module")
def world() -> worlds.World:
    return worlds.make(SHAPE)


@pytest.fixture(scope="module")
def answers(
    world: worlds.World, spark_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """What both ways to the cluster left."""
    release = tmp_path_factory.mktemp("release")
    pack(release, world.parts, {})
    folders = {place: tmp_path_factory.mktemp(place) for place in PLACES}
    words = {place: [str(release), str(folder)] for place, folder in folders.items()}
    run_at_both(spark_cluster, asking_job.__name__, words)
    return folders


@pytest.fixture(params=PLACES)
def answer(request: pytest.FixtureRequest, answers: dict[str, Path]) -> Iterator[Path]:
    folder = answers[str(request.param)]
    yield folder
    assert not list((folder / "scratch").iterdir())


def test_every_listener_gets_the_same_songs(
    world: worlds.World, answer: Path, tmp_path: Path
) -> None:
    write_recommendations(world.parts, tmp_path / "here.parquet")
    here, there = (pl.read_parquet(path) for path in
                   (tmp_path / "here.parquet", answer / "recommendations.parquet"))  # fmt: skip
    assert there.schema == SCHEMA
    assert there.equals(here)
    assert here["user"].n_unique() == SHAPE.users > 2 * BLOCK


def test_every_case_gets_the_same_lists(world: worlds.World, answer: Path) -> None:
    asked = Asked(world)
    for name, cases in asked.cases.items():
        here = rank_here(asked.engine_of, cases, asked.asks)
        with np.load(answer / f"{name}.npz") as there:
            assert list(there) == list(asked.asks)
            for one, lists in here.items():
                np.testing.assert_array_equal(there[one], lists, err_msg=f"{name}, {one}")
        differ = {one: (lists != here["hybrid"]).any() for one, lists in here.items()}
        assert [one for one, other in differ.items() if not other] == ["hybrid"]
