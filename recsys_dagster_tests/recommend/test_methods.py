"""Every method against a recomputation by hand."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys_dagster.models.knn.space import FeatureSpace
from recsys_dagster.recommend import METHODS, Recommender
from recsys_dagster.recommend.packing import Parts
from recsys_dagster.recommend.ranker import Fusion
from recsys_dagster_tests import worlds

SEEDS = [[1], [2, 4], [1, 2, 5, 6, 9], [0, 8], [50, 51]]
Scored = list[tuple[int, float]]


def asked(
    recommender: Recommender, method: str, seeds: list[int] | None, n: int, user: str | None = None
) -> Scored:
    answer = recommender.recommend(seeds or [], user=user, method=method, n=n)
    return [(song.song_id, song.score) for song in answer.recommendations]


def by_hand(scores: NDArray[Any], allowed: NDArray[Any], n: int) -> Scored:
    order = sorted(np.flatnonzero(allowed).tolist(), key=lambda song: (-scores[song], song))
    return [(song, float(scores[song])) for song in order[:n]]


def allowed(world: worlds.World, seeds: list[int]) -> NDArray[np.bool_]:
    found = world.parts.songs["plays"].to_numpy() > 0
    found[seeds] = False
    return found


def same(one: Scored, other: Scored) -> None:
    assert [song for song, _ in one] == [song for song, _ in other]
    assert [score for _, score in one] == pytest.approx([score for _, score in other], abs=1e-5)


def svd_scores(parts: Parts, seeds: list[int], ratings: Any = None) -> NDArray[Any]:
    model = parts.svd
    listener = model.fold_in(np.array(seeds), ratings)
    scores: NDArray[Any] = (
        model.mean + listener.bias + model.item_bias + model.item_factors @ listener.factors
    )
    return scores


def knn_scores(parts: Parts, seeds: list[int]) -> NDArray[Any]:
    """Cosine with the seeds' mean in the space, song by song; NaN without features."""
    features = parts.features.astype(np.float64)
    heard = np.asarray(np.isfinite(features).all(axis=1))
    points = FeatureSpace.fit(features[heard], parts.feature_names).transform(features)
    mean = points[[seed for seed in seeds if heard[seed]]].mean(axis=0, dtype=np.float64)
    return np.array(
        [
            point @ mean / np.linalg.norm(point) / np.linalg.norm(mean) if known else np.nan
            for point, known in zip(points.astype(np.float64), heard, strict=True)
        ]
    )


@pytest.mark.parametrize("seeds", SEEDS)
def test_svd(crowded: Recommender, crowd: worlds.World, seeds: list[int]) -> None:
    expected = by_hand(svd_scores(crowd.parts, seeds), allowed(crowd, seeds), 50)
    same(asked(crowded, "svd", seeds, 50), expected)


def test_svd_for_a_listener(crowded: Recommender, crowd: worlds.World) -> None:
    mine = crowd.users == 5
    ratings = np.log1p(crowd.plays[mine])
    played = crowd.items[mine].tolist()
    expected = by_hand(svd_scores(crowd.parts, played, ratings), allowed(crowd, played), 50)
    same(asked(crowded, "svd", None, 50, user="listener 005"), expected)


@pytest.mark.parametrize("seeds", SEEDS)
def test_knn(crowded: Recommender, crowd: worlds.World, seeds: list[int]) -> None:
    scores = knn_scores(crowd.parts, seeds)
    expected = by_hand(scores, allowed(crowd, seeds) & np.isfinite(scores), 150)
    same(asked(crowded, "knn", seeds, 150), expected)


@pytest.mark.slow
@pytest.mark.parametrize("n", [10, 100, 150])
@pytest.mark.parametrize("seeds", SEEDS)
def test_seed(crowded: Recommender, crowd: worlds.World, seeds: list[int], n: int) -> None:
    near = [song for song, _ in asked(crowded, "knn", seeds, max(100, n))]
    plays = crowd.parts.songs["plays"].to_numpy()
    expected = sorted(near, key=lambda song: (-plays[song], song))[:n]
    same(asked(crowded, "seed", seeds, n), [(song, float(plays[song])) for song in expected])


def test_popular(crowded: Recommender, crowd: worlds.World) -> None:
    plays = crowd.parts.songs["plays"].to_numpy()
    same(asked(crowded, "popular", [1], 50), by_hand(plays, allowed(crowd, [1]), 50))


def fused(lists: dict[str, list[int]], weights: dict[str, float], constant: float) -> Scored:
    total = sum(weights[name] for name, songs in lists.items() if songs)
    scores: dict[int, float] = {}
    for name, songs in lists.items():
        for rank, song in enumerate(songs, start=1):
            part = weights[name] / total * (constant + 1) / (constant + rank)
            scores[song] = scores.get(song, 0) + part
    return sorted(scores.items(), key=lambda one: (-round(one[1], 6), one[0]))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("ranker", [
    Fusion(), Fusion({"svd": 1.0, "knn": 0.1}), Fusion({"svd": 1.0, "knn": 3.0}, 10.0, 30),
])  # fmt: skip
def test_hybrid(crowd: worlds.World, seeds: list[int], ranker: Fusion) -> None:
    parts = worlds.make(crowd.shape, ranker).parts if ranker != Fusion() else crowd.parts
    recommender = Recommender(parts, worlds.RELEASE)
    lists = {
        name: [song for song, _ in asked(recommender, name, seeds, ranker.candidates)]
        for name in ("svd", "knn")
    }
    expected = fused(lists, dict(ranker.weights), ranker.constant)[:25]
    found = asked(recommender, "hybrid", seeds, 25)
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], 1e-5)
    assert dict(found) == pytest.approx(dict(expected), rel=1e-5)


def test_a_weight_of_0_leaves_a_source_out(crowd: worlds.World) -> None:
    parts = worlds.make(crowd.shape, Fusion({"svd": 1.0, "knn": 0.0})).parts
    recommender = Recommender(parts, worlds.RELEASE)
    songs = recommender.recommend([1, 2], n=60).recommendations
    alone = asked(recommender, "svd", [1, 2], 60)
    assert [song.song_id for song in songs] == [song for song, _ in alone]
    assert {song.sources for song in songs} == {("svd",)}


def test_every_method_says_something_else(crowded: Recommender) -> None:
    answers = {tuple(song for song, _ in asked(crowded, one, [1, 2], 10)) for one in METHODS}
    assert len(answers) == len(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_the_groups_of_the_seeds_come_first(crowded: Recommender, method: str) -> None:
    """Of the seeds' own group more songs come than for seeds of the other group."""
    answers = [[song for song, _ in asked(crowded, method, [g, g + 4], 50)] for g in (1, 2)]
    odd = [sum(song % 2 for song in found) for found in answers]
    match method:
        case "popular":
            assert odd[0] == pytest.approx(odd[1], abs=2)
        case "knn" | "seed":
            assert odd == [50, 0]
        case "artist":
            assert [len(found) for found in answers] == [1, 2]
            assert odd == [1, 0]
        case "hybrid" | "svd" | "items":
            assert odd[0] > odd[1] + 15
