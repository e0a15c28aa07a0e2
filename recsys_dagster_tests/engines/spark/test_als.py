"""The factorisation on a real cluster: its pairs, and its rows by two routes."""

import json
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from recsys_dagster.evaluation.split import Split, hide, make_split
from recsys_dagster.evaluation.variants import FINAL, learned_pairs
from recsys_dagster.listening.interactions import (
    INTERACTIONS_SCHEMA,
    InteractionArrays,
    interaction_arrays,
)
from recsys_dagster.models.svd.fitting import unplayed_per_pair
from recsys_dagster.models.svd.folding import RidgeFolding
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.rows import Rows
from recsys_dagster.models.svd.unplayed import with_unplayed
from recsys_dagster.models.svd.validation import RankingValidation
from recsys_dagster_tests import worlds
from recsys_dagster_tests.clusters import Cluster
from recsys_dagster_tests.engines.spark.fitting import EXPLICIT
from recsys_dagster_tests.models.alternating import with_prior

pytestmark = pytest.mark.slow
SHAPE = worlds.Shape(users=25, songs=60)


class Fitted:
    """What `fitting_job` left of a cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def arrays(self) -> InteractionArrays:
        return interaction_arrays(
            pl.scan_parquet(self.folder / "interactions.parquet"),
            pl.scan_parquet(self.folder / "songs.parquet"),
        )

    @cached_property
    def split(self) -> Split:
        found = self.arrays
        return make_split(found.user, found.song, found.plays, found.early, found.users)

    @property
    def size(self) -> tuple[int, int]:
        return len(self.arrays.users), SHAPE.songs

    @cached_property
    def facts(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "facts.json").read_text()))

    def model(self, name: str) -> SvdModel:
        return SvdModel.load(self.folder / name / "fold-0", mmap=False)

    def table(self, name: str) -> pl.DataFrame:
        found = pl.read_parquet(self.folder / f"{name}.parquet" / "*.parquet")
        return found.sort("listener", "song")


@pytest.fixture(scope="module")
def fitted(spark_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """Through Spark Connect, which can less than a session of its own."""
    folder = tmp_path_factory.mktemp("fitted")
    write_tables(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_REMOTE", spark_cluster.remote)
        fit = import_module("recsys_dagster_tests.engines.spark.fitting_job").main
        fit(folder)
    return Fitted(folder)


def write_tables(folder: Path) -> None:
    """A world whose listeners' names, songs' ids and rows stand in different orders."""
    rng = np.random.default_rng(0)
    users, items, plays = worlds.interactions(SHAPE, rng)
    order = rng.permutation(len(users))
    users, items, plays = users[order], items[order], plays[order]
    early = np.minimum(rng.integers(0, 20, len(users)), plays)
    when = datetime(2024, 1, 1, tzinfo=UTC)
    pl.DataFrame(
        {
            "user": [name(user) for user in users],
            "song_key": [key(item) for item in items],
            "artist": "a", "title": "t",
            "play_count": plays, "early_plays": early,
            "first_listen": when, "last_listen": when, "spotify_ids": [[]] * len(users),
        },
        schema_overrides=INTERACTIONS_SCHEMA,
    ).write_parquet(folder / "interactions.parquet")  # fmt: skip
    ids = pl.DataFrame({"song_id": range(SHAPE.songs), "song_key": map(key, range(SHAPE.songs))})
    ids.sample(fraction=1, shuffle=True, seed=1).write_parquet(folder / "songs.parquet")


def name(user: int) -> str:
    return f"{'éZa '[user % 4]}{user}"


def key(item: int) -> str:
    return f"ärtist{item * 7 % 60}\x1fsong {item}"


def test_each_variant_learns_from_the_same_pairs(fitted: Fitted) -> None:
    found, split = fitted.arrays, fitted.split
    assert split.timed
    expected = learned_pairs(split, hide([key(item) for item in range(SHAPE.songs)]))
    for variant, pairs in {**expected, FINAL: np.ones(len(found.user), bool)}.items():
        plays = found.plays if variant == FINAL else found.early
        assert pairs.any()
        assert fitted.table(f"learned-{variant}").rows() == list(
            zip(*(one[pairs].tolist() for one in (found.user, found.song, plays)), strict=True)
        )


def test_a_training_listener_folded_in_is_the_one_of_the_cluster(fitted: Fitted) -> None:
    model, learned = with_prior(fitted.model("implicit"), 0), fitted.split.learned(0)
    trained = 0
    for user in range(fitted.size[0]):
        own = learned & (fitted.split.users == user)
        if own.any():
            rated = np.log1p(fitted.split.early[own]).astype(np.float32)
            new = model.fold_in(fitted.split.songs[own], rated)
            np.testing.assert_allclose(new.factors, model.user_factors[user], rtol=2e-3, atol=1e-4)
            trained += 1
        else:
            assert not model.user_factors[user].any()
    assert trained > SHAPE.users / 2


def test_unplayed_pairs_are_as_one_machine_samples_them(fitted: Fitted) -> None:
    learned, rated = fitted.split.learned(0), fitted.table("rated")
    users, songs = fitted.split.users[learned], fitted.split.songs[learned]
    played = rated.filter(pl.col("rating") > 0)
    assert played["listener"].to_list() == users.tolist()
    np.testing.assert_allclose(played["rating"], np.log1p(fitted.split.early[learned]))
    assert not rated.select("listener", "song").is_duplicated().any()
    assert set(rated["song"]) <= set(fitted.arrays.song)
    local = with_unplayed(
        users, songs, np.ones(len(users)), n_items=SHAPE.songs, rng=0,
        per_pair=unplayed_per_pair(len(users), fitted.size[0] * len(np.unique(fitted.arrays.song))),
        pool=np.unique(fitted.arrays.song),
    )  # fmt: skip
    assert rated.height == pytest.approx(len(local[0]), rel=0.1)


def test_biases_and_factors_of_the_squared_error_solve_for_the_pairs(fitted: Fitted) -> None:
    model, rated, (n_users, n_items) = fitted.model("squared"), fitted.table("rated"), fitted.size
    users, items = rated["listener"].to_numpy(), rated["song"].to_numpy()
    rest = rated["rating"].to_numpy() - rated["rating"].mean()
    shrinkage = EXPLICIT.regularisation
    item_bias = means(items, rest, n_items) / (1 + shrinkage)
    user_bias = means(users, rest - item_bias[items], n_users) / (1 + shrinkage)
    np.testing.assert_allclose(model.item_bias, item_bias, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.user_bias, user_bias, rtol=1e-4, atol=1e-6)
    rest = rest - item_bias[items] - user_bias[users]
    for user in np.unique(users):
        rows, left = model.item_factors[items[users == user]], rest[users == user]
        system = rows.T @ rows + shrinkage * len(rows) * np.eye(rows.shape[1])
        expected = np.linalg.solve(system, rows.T @ left)
        np.testing.assert_allclose(model.user_factors[user], expected, rtol=2e-3, atol=1e-4)
    played = rated.filter(pl.col("rating") > 0)
    assert isinstance(model.folding, RidgeFolding)
    assert model.folding.liked == pytest.approx(np.quantile(played["rating"], 0.9))
    assert model.folding.unobserved_weight == pytest.approx(rated.height / played.height - 1)


def means(rows: NDArray[Any], numbers: NDArray[Any], size: int) -> NDArray[Any]:
    counts = np.bincount(rows, minlength=size)
    return np.asarray(np.bincount(rows, numbers, size) / np.maximum(counts, 1))


@pytest.mark.parametrize("kind", ["implicit", "squared"])
def test_the_validation_figure_is_that_of_one_machine(fitted: Fitted, kind: str) -> None:
    split, model = fitted.split, fitted.model(kind)
    rows = Rows.zeros(*fitted.size, model.item_factors.shape[1])
    rows.user_factors[:], rows.item_factors[:] = model.user_factors, model.item_factors
    rows.item_bias[:] = model.item_bias
    learn, check = (
        Pairs.of(split.users[some], split.songs[some], split.early[some], *fitted.size)
        for some in (split.learned(0), split.checked(0))
    )
    expected = RankingValidation.of(learn, check, fitted.size).ndcg(rows)
    (row,) = fitted.facts[kind]["curve"]
    assert row == {"epoch": 2, "train_loss": None, "valid": pytest.approx(expected, abs=1e-3)}
