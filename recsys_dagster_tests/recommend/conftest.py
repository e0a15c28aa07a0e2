import pytest

from recsys_dagster.recommend import Recommender
from recsys_dagster.recommend.packing import pack, unpack
from recsys_dagster_tests import worlds


@pytest.fixture(scope="session")
def world() -> worlds.World:
    """Forty songs, some without features and some that nobody plays."""
    return worlds.make()


@pytest.fixture(scope="session")
def recommender(world: worlds.World) -> Recommender:
    return Recommender(world.parts, worlds.RELEASE)


@pytest.fixture(scope="session")
def reopened(world: worlds.World, tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    """The same, written as a release holds it and read again."""
    folder = tmp_path_factory.mktemp("release")
    pack(folder, world.parts, {})
    return Recommender(unpack(folder), worlds.RELEASE)


@pytest.fixture(scope="session")
def crowd() -> worlds.World:
    """More songs than any method looks at."""
    silent, forgotten = tuple(range(0, 300, 7)), tuple(range(3, 300, 11))
    shape = worlds.Shape(users=24, songs=300, silent=silent, forgotten=forgotten, seed=3)
    return worlds.make(shape)


@pytest.fixture(scope="session")
def crowded(crowd: worlds.World) -> Recommender:
    return Recommender(crowd.parts, worlds.RELEASE)
