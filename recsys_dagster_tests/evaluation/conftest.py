import pytest

from recsys_dagster.evaluation.protocol import HeldOut
from recsys_dagster.recommend.engine import Engine
from recsys_dagster_tests import worlds


@pytest.fixture(scope="session")
def world() -> worlds.World:
    shape = worlds.Shape(users=40, songs=120, silent=tuple(range(0, 120, 9)), played_share=0.5)
    return worlds.make(shape)


@pytest.fixture(scope="session")
def held_out(world: worlds.World) -> HeldOut:
    return worlds.held_out(world)


@pytest.fixture(scope="session")
def engine(world: worlds.World, held_out: HeldOut) -> Engine:
    return worlds.engine_of(world, held_out)
