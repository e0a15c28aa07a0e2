from typing import NamedTuple

import numpy as np
import pytest

from recsys_dagster.models.arrays import BoolArray, Float64Array


class Table(NamedTuple):
    """Candidates: their features, and whether they were wanted."""

    features: Float64Array
    wanted: BoolArray


@pytest.fixture(scope="session")
def table() -> Table:
    """The fourth feature is constant; the second counts only where the third is high."""
    rng = np.random.default_rng(5)
    features = rng.normal(size=(1500, 5)) * [1, 10, 1, 0, 0.01] + [0, 3, 0, 2, 0]
    said = features[:, 0] + (features[:, 1] > 3) * features[:, 2]
    wanted = said + rng.normal(size=len(said)) > 0.5
    return Table(features, wanted)
