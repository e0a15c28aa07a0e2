from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys_dagster.recommend import METHODS, Recommendation, Recommender
from recsys_dagster.recommend.answer import Because
from recsys_dagster.recommend.explain import COMPARED
from recsys_dagster.recommend.sources import Query
from recsys_dagster.recommend.sources.knn import AUDIO_SEEDS
from recsys_dagster_tests import worlds
from recsys_dagster_tests.tiers import examples

PLAYED = sorted(set(range(40)) - set(worlds.Shape().forgotten))
SOUNDING = sorted(set(PLAYED) - set(worlds.Shape().silent))


def shares(song: Recommendation) -> dict[int, float]:
    return {seed.song_id: seed.share for seed in song.because.seeds}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(40))
@given(
    seeds=st.lists(st.sampled_from(PLAYED), min_size=1, max_size=5, unique=True),
    method=st.sampled_from([method for method in METHODS if method != "popular"]),
)
def test_shares_add_up_to_1(recommender: Recommender, seeds: list[int], method: str) -> None:
    if method in ("knn", "seed"):
        seeds = [*seeds[:4], 0] if 0 not in seeds else seeds
    for song in recommender.recommend(seeds, method=method, n=10).recommendations:
        found = shares(song)
        assert sorted(found) == sorted(seeds)
        assert sum(found.values()) == pytest.approx(1)
        assert min(found.values()) >= 0
        assert list(found.values()) == sorted(found.values(), reverse=True)


def cosines(world: worlds.World, song: int, seeds: list[int]) -> NDArray[Any]:
    vectors = world.parts.knn.vector([song, *seeds])
    return np.asarray(vectors[1:] @ vectors[0])


def test_knn_shares_are_the_cosines(recommender: Recommender, world: worlds.World) -> None:
    seeds = [0, 2, 1]
    for song in recommender.recommend(seeds, method="knn", n=20).recommendations:
        parts = np.maximum(cosines(world, song.song_id, seeds), 0)
        expected = parts / parts.sum()
        assert shares(song) == pytest.approx(dict(zip(seeds, expected, strict=True)), abs=1e-5)


def test_svd_shares_are_the_parts_of_the_score(
    recommender: Recommender, world: worlds.World
) -> None:
    seeds, model = [0, 2, 1, 4], world.parts.svd
    for song in recommender.recommend(seeds, method="svd", n=20).recommendations:
        parts = model.fold_in(np.array(seeds)).parts[:, :-1] @ model.item_factors[song.song_id]
        parts = np.maximum(parts, 0)
        expected = parts / parts.sum() if parts.sum() else np.full(4, 0.25)
        assert shares(song) == pytest.approx(dict(zip(seeds, expected, strict=True)), abs=1e-5)


def test_a_seed_with_no_say_has_no_share(recommender: Recommender) -> None:
    """Of a slow and a silent seed, the silent one says nothing about sound."""
    for song in recommender.recommend([4, 0], method="knn", n=10).recommendations:
        assert shares(song) == {0: pytest.approx(1), 4: 0}
    for song in recommender.recommend([0, 1], method="knn", n=6).recommendations:
        other = 1 - song.song_id % 2
        assert shares(song)[other] < shares(song)[1 - other]


def test_hybrid_shares_weigh_the_sources(crowded: Recommender) -> None:
    """Each source's shares count as much as it added to the song's score."""
    seeds = [1, 2, 5]
    alone = {
        name: {song.song_id: (61 / (60 + song.rank) / 2, shares(song))
               for song in crowded.recommend(seeds, method=name, n=100).recommendations}
        for name in ("svd", "knn")
    }  # fmt: skip
    for song in crowded.recommend(seeds, n=60).recommendations:
        brought = [alone[name][song.song_id] for name in song.sources]
        assert sum(added for added, _ in brought) == pytest.approx(song.score, rel=1e-5)
        for seed, share in shares(song).items():
            expected = sum(added * by_seed[seed] for added, by_seed in brought) / song.score
            assert share == pytest.approx(expected, abs=1e-5)


def test_of_a_history_the_strongest_songs_are_named(
    recommender: Recommender, world: worlds.World
) -> None:
    for song in recommender.recommend(user="listener 001", n=5).recommendations:
        found = shares(song)
        assert len(found) == 5
        assert set(found) <= world.played_by(1)
        assert list(found.values()) == sorted(found.values(), reverse=True)
        assert 0 < sum(found.values()) <= 1


@pytest.mark.parametrize("seeds", [[0], [0, 2, 1], [0, 4], [1, 3, 9, 11, 13]])
@pytest.mark.parametrize("method", ["hybrid", "knn", "svd"])
def test_agreements_are_the_nearest_features(
    recommender: Recommender, world: worlds.World, seeds: list[int], method: str
) -> None:
    names = world.parts.feature_names
    features = world.parts.features[:, [names.index(name) for name in COMPARED]].astype(float)
    spread = np.nanstd(features, axis=0)
    mean = np.nanmean(features[seeds], axis=0)
    for song in recommender.recommend(seeds, method=method, n=15).recommendations:
        own = features[song.song_id]
        expected = []
        if np.isfinite(own).all():
            nearest = np.argsort(np.abs(own - mean) / spread)[:3]
            expected = [(COMPARED[one], mean[one], own[one]) for one in nearest]
        found = song.because.audio
        assert [one.feature for one in found] == [name for name, _, _ in expected]
        assert [one.seed for one in found] == pytest.approx([seed for _, seed, _ in expected])
        assert [one.song for one in found] == pytest.approx([own for _, _, own in expected])


def test_without_sound_there_is_nothing_to_compare(recommender: Recommender) -> None:
    for song in recommender.recommend([4], n=10).recommendations:
        assert song.because.audio == ()
        assert shares(song) == {4: 1}


def test_what_is_popular_was_brought_by_no_seed(recommender: Recommender) -> None:
    answer = recommender.recommend([0, 1], method="popular", n=5)
    assert [song.because for song in answer.recommendations] == [Because()] * 5


def test_of_a_whole_history_no_more_songs_have_a_part_in_the_sound_than_were_looked_at(
    world: worlds.World,
) -> None:
    source = worlds.engine(world.parts).knn
    history = np.array(SOUNDING[: 2 * AUDIO_SEEDS])
    query = Query(history, np.ones(len(history), np.float32))
    parts = source.contributions(query, np.array(SOUNDING[-4:]))
    assert (parts[:, AUDIO_SEEDS:] == 0).all()
    assert (parts >= 0).all()
    assert parts.any()
