"""Many listeners folded in at once are those folded in one at a time."""

from typing import Any

import numpy as np
import pytest

from recsys_dagster.models.svd.als_config import ImplicitConfig
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.fitting import fit_all
from recsys_dagster.models.svd.folding_all import fold_in_all
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.training import Config
from recsys_dagster_tests import worlds
from recsys_dagster_tests.models import alternating
from recsys_dagster_tests.models.alternating import Ints

SHAPE = worlds.Shape(users=60, songs=120, played_share=0.4)


def fitted(config: Config | ImplicitConfig) -> tuple[SvdModel, Ints, Ints]:
    users, items, plays = worlds.interactions(SHAPE, np.random.default_rng(0))
    pairs = users, items, plays
    if isinstance(config, ImplicitConfig):
        return alternating.implicit(*pairs, SHAPE.users, SHAPE.songs, config), users, items
    size: dict[str, Any] = {"n_users": SHAPE.users, "n_items": SHAPE.songs}
    return fit_all(*pairs, **size, epochs=5, config=config).model, users, items


@pytest.mark.parametrize(
    "config",
    [
        RankingConfig(factors=8, epochs=5),
        SquaredConfig(factors=8),
        ImplicitConfig(factors=8, iterations=3, play_exponent=0.7),
    ],
)
def test_all_at_once_equals_one_at_a_time(config: Config | ImplicitConfig) -> None:
    model, users, items = fitted(config)
    songs = [items[users == user][: 1 + user] for user in range(SHAPE.users)]  # few and many
    songs += [items[:0], np.array(SHAPE.forgotten), np.array([0, *SHAPE.forgotten])]
    rng = np.random.default_rng(1)
    ratings = [np.log1p(rng.integers(1, 99, len(one))).astype(np.float32) for one in songs]
    starts = np.cumsum([0, *map(len, songs)])
    bias, factors = fold_in_all(model, starts, np.concatenate(songs), np.concatenate(ratings))
    for row, (own, rated) in enumerate(zip(songs, ratings, strict=True)):
        single = model.fold_in(own, rated)
        np.testing.assert_allclose(factors[row], single.factors, rtol=1e-3, atol=2e-6)
        np.testing.assert_allclose(bias[row], single.bias, rtol=1e-4, atol=1e-6)
