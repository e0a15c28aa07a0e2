"""The learned ranker."""

from pathlib import Path

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.ranking import trees
from recsys_dagster.models.ranking.logistic import Logistic
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.features import FEATURE_NAMES, columns_of
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.ranker import (
    Floats,
    Fusion,
    Learned,
    Rankers,
    load_ranker,
)
from recsys_dagster.recommend.sources import Query
from recsys_dagster_tests import worlds

QUERY = Query(np.array([1, 2, 5]))


@pytest.fixture(scope="module")
def engine(crowd: worlds.World) -> Engine:
    return worlds.engine(crowd.parts)


@pytest.fixture(scope="module")
def pool(engine: Engine) -> Pool:
    return engine.candidates(QUERY, PARTS, 60)


@pytest.fixture(scope="module")
def rows(engine: Engine, pool: Pool) -> Floats:
    return engine.features(QUERY)(pool)


@pytest.fixture(scope="module")
def models(rows: Floats) -> tuple[Logistic, Trees]:
    """Learned from candidates of which those that several sources put high are rather wanted."""
    rng = np.random.default_rng(2)
    table = np.concatenate([rows + rng.normal(0, 0.05, rows.shape) for _ in range(6)])
    ranks = [FEATURE_NAMES.index(f"{name}_rank") for name in PARTS]
    wanted = table[:, ranks].sum(axis=1) + rng.normal(0, 0.2, len(table)) > 0.8
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(trees.SETTINGS, "max_iter", 15)
        return Logistic.fit(table, wanted), Trees.fit(table, wanted)


@pytest.fixture(params=["logistic", "trees", "logistic+trees"])
def ranker(request: pytest.FixtureRequest, models: tuple[Logistic, Trees]) -> Learned:
    return Learned(tuple(one for one in models if one.kind in request.param.split("+")), 70)


def test_scores_are_probabilities_in_the_order_of_the_log_odds(
    ranker: Learned, pool: Pool, rows: Floats
) -> None:
    scores = ranker.scores(pool, lambda _: rows)
    odds = np.mean([model.decision(rows) for model in ranker.models], axis=0)
    np.testing.assert_allclose(np.log(scores / (1 - scores)), odds, atol=1e-6)
    assert ((scores > 0) & (scores < 1)).all()
    assert len(set(scores.round(6))) > 5


def test_shares_add_up_to_1_and_are_0_where_a_source_did_not_bring_a_song(
    ranker: Learned, pool: Pool, rows: Floats
) -> None:
    chosen = np.arange(len(pool.ids))[::-3]
    shares = ranker.shares(pool, lambda _: rows, chosen)
    assert set(shares) == set(PARTS)
    np.testing.assert_allclose(sum(shares.values()), 1)
    for name, share in shares.items():
        brought = pool.ranks[name][chosen] > 0
        assert (share[~brought] == 0).all()
        assert (share[brought] > 0).all()


@pytest.mark.parametrize("source", PARTS)
def test_without_a_source_it_is_neither_asked_nor_heard(
    ranker: Learned, pool: Pool, rows: Floats, source: str
) -> None:
    """What the source says of which candidate makes no difference."""
    deaf = ranker.without(source)
    assert deaf.sources == tuple(name for name in PARTS if name != source)
    columns = columns_of(source, derived=True)
    dealt = rows.copy()
    dealt[:, columns] = np.random.default_rng(0).permutation(rows[:, columns])
    before, after = deaf.scores(pool, lambda _: rows), deaf.scores(pool, lambda _: dealt)
    np.testing.assert_allclose(before, after, atol=1e-9)
    assert not np.allclose(ranker.scores(pool, lambda _: rows), before)
    few = np.arange(5)
    shares = deaf.shares(pool, lambda _: rows, few)
    others = deaf.shares(pool, lambda _: dealt, few)
    assert source not in shares
    for name, share in shares.items():
        np.testing.assert_allclose(share, others[name], atol=1e-9)
    assert deaf.without("popular").missing == (source, "popular")


def test_an_empty_pool_has_no_scores(ranker: Learned) -> None:
    nothing = Pool.of({})
    rows = np.empty((0, len(FEATURE_NAMES)))
    for one in (ranker, ranker.without("svd")):
        assert one.scores(nothing, lambda _: rows).shape == (0,)
        assert one.shares(nothing, lambda _: rows, np.empty(0, np.int64)).keys() <= {*PARTS}


def test_the_hybrid_ranks_by_it(crowd: worlds.World, ranker: Learned) -> None:
    engine = worlds.engine(crowd.parts, ranker)
    ranked = engine.rank("hybrid", QUERY, 25)
    assert len(ranked.ids) == 25
    assert (np.diff(ranked.scores) <= 0).all()
    assert set(ranked.by_source) == set(PARTS)
    np.testing.assert_allclose(sum(ranked.by_source.values()), ranked.scores, rtol=1e-5)
    asked = engine.candidates(QUERY, PARTS, ranker.candidates)
    scores = ranker.scores(asked, engine.features(QUERY)).astype(np.float32)
    np.testing.assert_array_equal(ranked.ids, asked.ids[np.lexsort((asked.ids, -scores))[:25]])


def test_saved_and_loaded(ranker: Learned, pool: Pool, rows: Floats, tmp_path: Path) -> None:
    Rankers(ranker, ranker.without("knn")).save(tmp_path)
    again = Rankers.load(tmp_path)
    for one, other in ((again.songs, ranker), (again.history, ranker.without("knn"))):
        assert (one.sources, one.candidates) == (other.sources, other.candidates)
        assert one.describe() == other.describe()
        np.testing.assert_array_equal(
            one.scores(pool, lambda _: rows), other.scores(pool, lambda _: rows)
        )


def test_a_query_has_its_ranker(ranker: Learned) -> None:
    both = Rankers(ranker, Fusion())
    assert both.of(QUERY) is ranker
    assert both.of(Query(QUERY.seeds, np.ones(3, np.float32))) == Fusion()
    lone = Rankers.alike(Fusion({"svd": 1.0}))
    assert lone.without("svd") == lone
    assert both.without("svd").songs.sources == PARTS[1:]


def test_features_of_another_version_are_refused(ranker: Learned, tmp_path: Path) -> None:
    ranker.save(tmp_path)
    path = tmp_path / "ranker.json"
    path.write_text(path.read_text().replace("svd_behind", "svd_before"))
    with pytest.raises(RecsysError, match=r"those of another version.*recsys run"):
        load_ranker(tmp_path)


@pytest.mark.parametrize(("old", "new"), [
    ('"features"', '"traits"'), ('"missing": []', '"missing": 3'), ('"learned"', '"guessed"'),
    ('"missing": []', '"missing": ["nobody"]'), ('"candidates": 70', '"candidates": "many"'),
    ("logistic", "forest"),
])  # fmt: skip
def test_damaged_settings_are_refused(
    models: tuple[Logistic, Trees], tmp_path: Path, old: str, new: str
) -> None:
    Learned(models, 70).save(tmp_path)
    path = tmp_path / "ranker.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(RecsysError, match="recsys run"):
        load_ranker(tmp_path)


@pytest.mark.parametrize("name", ["logistic/mean.npy", "trees/left.npy", "trees/model.json"])
def test_damaged_models_are_refused(
    models: tuple[Logistic, Trees], tmp_path: Path, name: str
) -> None:
    Learned(models).save(tmp_path)
    (tmp_path / name).write_bytes(b"\xff")
    with pytest.raises(RecsysError):
        load_ranker(tmp_path)
