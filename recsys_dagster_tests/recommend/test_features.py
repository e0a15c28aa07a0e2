"""What a learned ranker sees: finite for every question, and equal to slow sums."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.features import BY_SOURCE, DERIVED, FEATURE_NAMES, columns_of
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.sources import Query
from recsys_dagster_tests import worlds
from recsys_dagster_tests.tiers import examples

Columns = dict[str, NDArray[np.float64]]


@pytest.fixture(scope="module")
def engine(crowd: worlds.World) -> Engine:
    return worlds.engine(crowd.parts)


def seen(engine: Engine, query: Query, depth: int = 30) -> tuple[Pool, Columns]:
    pool = engine.candidates(query, PARTS, depth)
    rows = engine.features(query)(pool)
    assert rows.shape == (len(pool.ids), len(FEATURE_NAMES))
    assert np.isfinite(rows).all()
    return pool, dict(zip(FEATURE_NAMES, rows.T, strict=True))


def history(world: worlds.World, user: int) -> Query:
    songs, plays = world.parts.histories.of(f"listener {user:03d}")
    return Query(songs, np.log1p(plays).astype(np.float32))


@settings(max_examples=examples(30))
@given(
    seeds=st.lists(st.integers(0, 299), max_size=5, unique=True),
    exclude=st.lists(st.integers(0, 299), max_size=5), depth=st.sampled_from([0, 1, 50]),
)  # fmt: skip
def test_every_feature_is_finite(
    engine: Engine, seeds: list[int], exclude: list[int], depth: int
) -> None:
    """Also for no seeds, for those without sound or plays, and for an empty pool."""
    query = Query(np.array(seeds, np.int64), exclude=np.array(exclude, np.int64))
    seen(engine, query, depth)


@pytest.mark.parametrize("user", [0, 1, 5])
def test_every_feature_of_a_history_is_finite(
    engine: Engine, crowd: worlds.World, user: int
) -> None:
    query = history(crowd, user)
    _, found = seen(engine, query)
    np.testing.assert_allclose(found["seeds"], np.log1p(len(query.seeds)))


def test_every_feature_has_one_source(engine: Engine) -> None:
    assert set(BY_SOURCE) == set(engine.sources) == set(PARTS)
    columns = [column for name in PARTS for column in columns_of(name)]
    assert sorted(columns) == list(range(len(FEATURE_NAMES) - 1))
    assert FEATURE_NAMES[-1] == "seeds"
    for source, names in DERIVED.items():
        assert columns_of(source, derived=True) == [
            *columns_of(source), *(FEATURE_NAMES.index(name) for name in names)
        ]  # fmt: skip


def test_ranks_fall_from_1_and_are_0_where_a_source_did_not_bring_a_song(engine: Engine) -> None:
    pool, found = seen(engine, Query(np.array([1, 2])))
    for name in PARTS:
        ranks, closeness = pool.ranks[name], found[f"{name}_rank"]
        assert (closeness[ranks == 0] == 0).all()
        assert closeness[ranks == 1].tolist() == [1]
        assert closeness[ranks == 21].tolist() == pytest.approx([0.5] * (ranks == 21).sum())
        brought = np.argsort(ranks[ranks > 0])
        assert (np.diff(closeness[ranks > 0][brought]) < 0).all()


def test_what_a_source_does_not_know_is_neutral(crowd: worlds.World) -> None:
    engine = worlds.engine(replace(crowd.parts, items=None))
    silent = np.array([0, 7])
    _, found = seen(engine, Query(silent))
    for name in ("items_rank", "items_share", "items_agree", "knn_mean", "knn_nearest"):
        assert not found[name].any(), name
    assert found["audio_missing"].all()
    _, heard = seen(engine, Query(np.array([1])))
    assert 0 < heard["audio_missing"].mean() < 1
    _, nobody = seen(engine, Query(np.empty(0, np.int64)))
    assert not nobody["artist_share"].any()
    assert not nobody["seeds"].any()


@settings(max_examples=examples(15))
@given(seeds=st.lists(st.integers(0, 299), min_size=1, max_size=5, unique=True))
def test_features_are_those_of_slow_sums(
    engine: Engine, crowd: worlds.World, seeds: list[int]
) -> None:
    pool, found = seen(engine, Query(np.array(seeds)), 12)
    parts, ids = crowd.parts, pool.ids
    svd, items = parts.svd, parts.items
    assert items is not None
    listener = svd.fold_in(np.array(seeds), None)
    scores = svd.scores(listener.factors, listener.bias)[ids]
    np.testing.assert_allclose(found["svd_score"], scores, atol=1e-4)
    np.testing.assert_allclose(found["svd_behind"], scores - scores.max(), atol=1e-4)
    sums = items.scores(np.array(seeds))[ids] / len(seeds)
    np.testing.assert_allclose(found["items_score"], np.log(sums + 1e-3), atol=1e-4)
    same = [[worlds.artist(song) == worlds.artist(seed) for seed in seeds] for song in ids]
    np.testing.assert_allclose(found["artist_share"], np.mean(same, axis=1))
    whose = np.array([worlds.artist(song) for song in ids])
    best = [scores[whose == one].max() for one in whose]
    np.testing.assert_allclose(found["artist_taste"], best, atol=1e-4)
    listeners = [len(set(crowd.users[crowd.items == song])) for song in ids]
    np.testing.assert_allclose(found["popular_listeners"], np.log1p(listeners))
    plays = [crowd.plays[crowd.items == song].sum() for song in ids]
    np.testing.assert_allclose(found["popular_plays"], np.log1p(plays), rtol=1e-6)


def test_cosines_with_the_seeds_are_those_of_the_index(engine: Engine, crowd: worlds.World) -> None:
    seeds = np.array([1, 2, 5])
    pool, found = seen(engine, Query(seeds))
    expected = crowd.parts.knn.similarity(pool.ids, seeds)
    heard = np.isfinite(expected).all(axis=1)
    np.testing.assert_array_equal(found["audio_missing"] == 0, heard)
    np.testing.assert_allclose(found["knn_nearest"][heard], expected[heard].max(axis=1), atol=1e-5)
