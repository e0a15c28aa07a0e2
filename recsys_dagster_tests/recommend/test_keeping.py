"""Models that were saved for other processes rank as they did before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.keeping import load_models, save_models
from recsys_dagster.recommend.methods import METHODS
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.sources import Query
from recsys_dagster_tests import worlds


@pytest.mark.slow
@pytest.mark.parametrize("whole", [True, False])
def test_saved_models_rank_as_before(world: worlds.World, tmp_path: Path, *, whole: bool) -> None:
    engine = worlds.engine(world.parts)
    songs = np.arange(world.shape.songs) % 5 != 0
    models = engine.models if whole else replace(engine.models, items=None, available=songs)
    save_models(models, tmp_path)
    before, after = (Engine(one, engine.rankers) for one in (models, load_models(tmp_path)))
    queries = Query(np.array([1, 3])), Query(np.array([8, 2]), np.array([2, 1], np.float32))
    for query in queries:
        for method in METHODS:
            one, other = (each.rank(method, query, 12) for each in (before, after))
            assert one.ids.tolist() == other.ids.tolist()
            assert one.scores.tolist() == other.scores.tolist()
    assert isinstance(load_models(tmp_path), Models)
