from typing import Any

import numpy as np
import pytest

from recsys_dagster.evaluation.beyond import Catalogue
from recsys_dagster.evaluation.cases import Case, stranger_cases
from recsys_dagster.evaluation.document import summarise
from recsys_dagster.evaluation.protocol import STRANGERS, describe_protocol
from recsys_dagster.evaluation.ranking import EngineOf
from recsys_dagster.evaluation.split import Split
from recsys_dagster.evaluation.trial import Audience, Trial, run_trial
from recsys_dagster_tests import worlds


@pytest.fixture(scope="session")
def world() -> worlds.World:
    shape = worlds.Shape(users=40, songs=120, silent=tuple(range(0, 120, 9)), played_share=0.5)
    return worlds.make(shape)


@pytest.fixture(scope="session")
def split(world: worlds.World) -> Split:
    return worlds.split_of(world)


@pytest.fixture(scope="session")
def engine_of(world: worlds.World, split: Split) -> EngineOf:
    return worlds.engine_of(world, split)


@pytest.fixture(scope="session")
def cases(split: Split) -> list[Case]:
    return stranger_cases(split, 5)


@pytest.fixture(scope="session")
def trial(world: worlds.World, split: Split, engine_of: EngineOf, cases: list[Case]) -> Trial:
    catalogue = Catalogue(np.arange(world.shape.songs) // 4, world.parts.knn)
    return run_trial(
        engine_of, cases, Audience.of(split, world.shape.songs), worlds.available(world), catalogue
    )


@pytest.fixture(scope="session")
def protocol(split: Split, cases: list[Case]) -> dict[str, Any]:
    return describe_protocol(split, "2021-03-04", STRANGERS, len(cases))


@pytest.fixture(scope="session")
def document(trial: Trial, protocol: dict[str, Any]) -> dict[str, Any]:
    return summarise(trial, protocol)
