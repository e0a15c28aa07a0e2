"""Re-ranking: against the formula by hand, and what it owes whoever asks for several things."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.recommend import METHODS, Answer, Recommender
from recsys_dagster.recommend.relevance import Likeness, marginal_relevance
from recsys_dagster.recommend.reranking import (
    DIALS,
    POPULARITY,
    STEERABLE,
    STEERING,
    scaled,
)
from recsys_dagster.recommend.songs import add_search_columns
from recsys_dagster.recommend.sources import Query
from recsys_dagster_tests import worlds
from recsys_dagster_tests.tiers import examples

SHAPE = worlds.Shape(
    users=24, songs=300, silent=tuple(range(0, 300, 7)), forgotten=tuple(range(3, 300, 11)), seed=3
)
PLAYED = sorted(set(range(SHAPE.songs)) - set(SHAPE.forgotten))
SOUNDING = sorted(set(PLAYED) - set(SHAPE.silent))

share = st.floats(0, 1)
amount = st.floats(-1, 1)
steering = st.dictionaries(st.sampled_from(STEERABLE), amount)
seeds = st.lists(st.sampled_from(SOUNDING), min_size=1, max_size=5, unique=True)
methods = st.sampled_from(METHODS)
dials = st.sampled_from(sorted(DIALS))


def ids(answer: Answer) -> list[int]:
    return [song.song_id for song in answer.recommendations]


def mean(values: NDArray[np.float64], answer: Answer) -> float:
    """Over an answer's songs; of none 0."""
    return float(values[ids(answer)].mean()) if answer.recommendations else 0.0


@pytest.mark.slow
@settings(max_examples=examples(120))
@given(
    seeds=seeds, method=methods, n=st.sampled_from([1, 7, 40, 200, 500]), diversity=share,
    cap=st.sampled_from([None, 1, 2, 10**30]), popularity=dials, steer=steering,
    artists=st.lists(st.sampled_from(PLAYED), max_size=3),
    songs=st.lists(st.sampled_from(PLAYED), max_size=5),
)  # fmt: skip
def test_all_wishes_at_once_are_kept(
    crowded: Recommender, crowd: worlds.World, seeds: list[int], method: str, n: int,
    diversity: float, cap: int | None, popularity: str, steer: dict[str, float], artists: list[int],
    songs: list[int],
) -> None:  # fmt: skip
    answer = crowded.recommend(
        seeds, method=method, n=n, diversity=diversity, max_per_artist=cap,
        popularity=popularity, steer=steer, exclude_artists=[worlds.artist(one) for one in artists],
        exclude_songs=[*songs[:2], *map(worlds.name_of, songs[2:])],
    )  # fmt: skip
    found = ids(answer)
    unwanted_artists = {worlds.artist(one) for one in artists}
    left_out = {one for one in PLAYED if worlds.artist(one) in unwanted_artists}
    left = worlds.reach(crowd, method, seeds) - left_out - set(songs)
    assert set(found) <= left
    assert len(set(found)) == len(found)
    most = cap or n
    by_artist = Counter(map(worlds.artist, left))
    assert len(found) == min(n, sum(min(most, count) for count in by_artist.values()))
    assert max(Counter(map(worlds.artist, found)).values(), default=0) <= most
    assert [song.rank for song in answer.recommendations] == list(range(1, len(found) + 1))
    if method != "popular":
        for song in answer.recommendations[:10]:
            assert sum(one.share for one in song.because.seeds) == pytest.approx(1)


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(seeds=seeds, method=methods, n=st.sampled_from([1, 10, 100, 150, 260]))
def test_what_changes_nothing_gives_the_answer_without(
    crowded: Recommender, seeds: list[int], method: str, n: int
) -> None:
    """Once by asking for nothing, once through all of the re-ranking with room for everybody."""
    plain = crowded.recommend(seeds, method=method, n=n)
    nothing = crowded.recommend(
        seeds, method=method, n=n, diversity=0, popularity="balanced", max_per_artist=None,
        steer=dict.fromkeys(STEERABLE, 0.0), exclude_songs=[seeds[0]], exclude_artists=[],
    )  # fmt: skip
    roomy = crowded.recommend(seeds, method=method, n=n, max_per_artist=SHAPE.songs)
    assert nothing.recommendations == plain.recommendations
    assert roomy == plain


@settings(max_examples=examples(40))
@given(seeds=seeds, method=methods, diversity=share, popularity=dials, steer=steering)
def test_the_same_wishes_give_the_same_answer_and_scores_stay(
    crowded: Recommender, seeds: list[int], method: str, diversity: float, popularity: str,
    steer: dict[str, float],
) -> None:  # fmt: skip
    wishes: dict[str, Any] = {"diversity": diversity, "popularity": popularity, "steer": steer}
    answer = crowded.recommend(seeds, method=method, n=10, **wishes)
    assert crowded.recommend(seeds, method=method, n=10, **wishes) == answer
    pool = crowded._engine.pool(method, Query(np.array(seeds)), SHAPE.songs, depth=10)
    scores = dict(zip(pool.ids.tolist(), pool.scores.tolist(), strict=True))
    assert all(song.score == scores[song.song_id] for song in answer.recommendations)


def percentiles(world: worlds.World) -> NDArray[np.float64]:
    plays = world.parts.songs["plays"].to_numpy()
    played = plays[plays > 0]
    return np.array([((played < one).mean() + (played <= one).mean()) / 2 for one in plays])


def standardised(world: worlds.World, name: str) -> NDArray[np.float64]:
    values = world.parts.features[:, world.parts.feature_names.index(name)].astype(np.float64)
    values = np.log2(values) if name == "tempo" else values
    heard = values[world.parts.knn.song_ids]
    standard: NDArray[np.float64] = (values - heard.mean()) / heard.std()
    return np.nan_to_num(np.clip(standard, -3, 3))


@settings(max_examples=examples(40))
@given(seeds=seeds, method=methods, n=st.integers(1, 60), cap=st.sampled_from([None, 1]))
def test_popularity_never_rises_from_safe_to_deep(
    crowded: Recommender, crowd: worlds.World, seeds: list[int], method: str, n: int,
    cap: int | None,
) -> None:  # fmt: skip
    by_song = percentiles(crowd)
    means = [
        mean(by_song, crowded.recommend(seeds, method=method, n=n, popularity=dial,
                                        max_per_artist=cap or SHAPE.songs))
        for dial in ("safe", "balanced", "deep")
    ]  # fmt: skip
    assert means[0] >= means[1] - 1e-9
    assert means[1] >= means[2] - 1e-9


@pytest.mark.parametrize("method", ["hybrid", "svd", "knn"])
def test_popularity_falls_where_it_can(
    crowded: Recommender, crowd: worlds.World, method: str
) -> None:
    by_song = percentiles(crowd)
    safe, balanced, deep = (
        by_song[ids(crowded.recommend([1, 2], method=method, popularity=dial))].mean()
        for dial in ("safe", "balanced", "deep")
    )
    assert safe > balanced > deep


@settings(max_examples=examples(40))
@given(
    seeds=seeds, method=methods, name=st.sampled_from(STEERABLE),
    amounts=st.lists(amount, min_size=2, max_size=4), others=steering,
)  # fmt: skip
def test_steering_up_never_lowers_the_feature(
    crowded: Recommender, crowd: worlds.World, seeds: list[int], method: str, name: str,
    amounts: list[float], others: dict[str, float],
) -> None:  # fmt: skip
    by_song = standardised(crowd, name)
    means = [
        mean(by_song, crowded.recommend(seeds, method=method, steer={**others, name: one},
                                        max_per_artist=SHAPE.songs))
        for one in sorted(amounts)
    ]  # fmt: skip
    assert all(low <= high + 1e-6 for low, high in pairwise(means))


@pytest.mark.parametrize("name", STEERABLE)
def test_steering_is_heard(crowded: Recommender, crowd: worlds.World, name: str) -> None:
    by_song = standardised(crowd, name)
    low, high = (
        by_song[ids(crowded.recommend([1, 2], steer={name: one}))].mean() for one in (-1, 1)
    )
    assert high > low + 1


@pytest.mark.parametrize("method", METHODS)
def test_the_order_is_that_of_the_formula(
    crowded: Recommender, crowd: worlds.World, method: str
) -> None:
    seeds, steer = [1, 2], {"energy": 0.4, "tempo": -1.0}
    pool = crowded._engine.pool(method, Query(np.array(seeds)), 200, depth=12)
    scores = pool.scores.astype(float)
    low, high = scores.min(), scores.max()
    values = (scores - low) / (high - low) if high > low else np.ones(len(scores))
    values -= POPULARITY * (percentiles(crowd)[pool.ids] - 0.5)
    for name, much in steer.items():
        values += STEERING * much * standardised(crowd, name)[pool.ids]
    expected = sorted(zip(-np.round(values, 6), pool.ids.tolist(), strict=True))[:12]
    found = crowded.recommend(seeds, method=method, n=12, popularity="deep", steer=steer)
    assert ids(found) == [song for _, song in expected]


@pytest.mark.slow
@pytest.mark.parametrize("method", [one for one in METHODS if one != "artist"])
def test_more_is_looked_at_where_one_artist_fills_the_candidates(
    crowd: worlds.World, method: str
) -> None:
    """All but the last twelve songs that a method finds are by one artist."""
    everything = ids(Recommender(crowd.parts, worlds.RELEASE).recommend([1], method=method, n=500))
    others = everything[-12:]
    name = pl.when(pl.col("song_id").is_in(others)).then("artist").otherwise(pl.lit("One"))
    parts = replace(crowd.parts, songs=worlds.with_keys(
        crowd.parts.songs.with_columns(artist=name, batch=pl.lit(0), spotify_ids=pl.lit([]))
    ))  # fmt: skip
    parts = replace(parts, songs=add_search_columns(parts.songs))
    found = ids(Recommender(parts, worlds.RELEASE).recommend(
        [1], method=method, n=5, max_per_artist=1))  # fmt: skip
    assert len(found) == 5
    assert len(set(found) & set(others)) == 4


@pytest.mark.parametrize("name", STEERABLE)
def test_the_order_of_the_features_does_not_matter(crowd: worlds.World, name: str) -> None:
    parts = crowd.parts
    features, names = parts.features[:, ::-1], parts.feature_names[::-1]
    heard = parts.knn.song_ids
    knn = KnnIndex.build(heard, features[heard].astype(np.float64), names)
    turned = replace(parts, features=features, feature_names=names, knn=knn)
    found, expected = (
        ids(Recommender(one, worlds.RELEASE).recommend([1, 2], method="svd", steer={name: 0.7}))
        for one in (turned, parts)
    )
    assert found == expected


def test_diversity_brings_the_other_group(crowded: Recommender) -> None:
    alike = ids(crowded.recommend([1, 5], method="hybrid", n=10))
    apart = ids(crowded.recommend([1, 5], method="hybrid", n=10, diversity=0.9))
    assert {one % 2 for one in alike} == {1}
    assert {one % 2 for one in apart} == {0, 1}
    assert apart[0] == alike[0]


vectors = st.lists(
    st.tuples(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=3, max_size=3),
              st.lists(st.sampled_from([-1.0, 0.0, 2.0]), min_size=2, max_size=2),
              st.integers(0, 3), st.sampled_from([0.0, 0.3, 0.31, 0.9, 1.0])),
    max_size=12,
)  # fmt: skip


def naive(
    songs: list[Any], n: int, diversity: float, cap: int, alike: NDArray[np.float64]
) -> list[int]:
    taken: list[int] = []
    while len(taken) < n:
        room = [
            one for one in range(len(songs))
            if one not in taken and sum(songs[t][2] == songs[one][2] for t in taken) < cap
        ]  # fmt: skip
        if not room:
            break
        worth = {
            one: (1 - diversity) * songs[one][3]
            - diversity * max((alike[t, one] for t in taken), default=0.0)
            for one in room
        }
        taken.append(min(room, key=lambda one: (-worth[one], one)))
    return taken


@given(songs=vectors, n=st.integers(1, 15), diversity=share, cap=st.integers(1, 3))
def test_marginal_relevance_is_that_of_the_paper(
    songs: list[Any], n: int, diversity: float, cap: int
) -> None:
    songs = sorted(songs, key=lambda one: -one[3])
    audio = np.array([one[0] for one in songs]).reshape(-1, 3)
    factors = np.array([one[1] for one in songs]).reshape(-1, 2)
    likeness = Likeness([audio, factors])
    alike = np.array([likeness.to(one) for one in range(len(songs))])
    values = np.array([one[3] for one in songs])
    artists = np.array([one[2] for one in songs], np.int64)
    found = marginal_relevance(
        values, artists, likeness, n, diversity=diversity, max_per_artist=cap
    )
    assert found.tolist() == naive(songs, n, diversity, cap, alike)


def test_likeness_is_the_mean_of_the_cosines_that_both_have() -> None:
    nan = np.nan
    audio = np.array([[1.0, 0], [3, 3], [nan, nan], [nan, nan], [-1, 0]])
    factors = np.array([[0.0, 2], [0, 1], [0, 5], [0, 0], [0, 0]])
    first = Likeness([audio, factors]).to(0)
    assert first == pytest.approx([1, (np.sqrt(0.5) + 1) / 2, 1, 0, 0])
    assert Likeness([audio, factors]).to(3).tolist() == [0, 0, 0, 0, 0]


@given(st.lists(st.floats(-1e6, 1e6, width=32), max_size=20))
def test_scaling_keeps_the_order(scores: list[float]) -> None:
    found = scaled(np.array(scores))
    assert len(found) == len(scores)
    assert all(0 <= one <= 1 for one in found)
    for one, value in zip(scores, found, strict=True):
        for other, second in zip(scores, found, strict=True):
            assert value >= second or one < other


@pytest.mark.parametrize(("arguments", "message"), [
    ({"diversity": -0.1}, "diversity must be a number from 0 to 1; got -0.1"),
    ({"diversity": 1.1}, "diversity must be"),
    ({"diversity": float("nan")}, "diversity must be .* got nan"),
    ({"diversity": "0.5"}, "diversity must be"),
    ({"diversity": True}, "diversity must be"),
    ({"max_per_artist": 0}, "must be 1 or more; got 0"),
    ({"max_per_artist": 1.5}, "must be 1 or more; got 1.5"),
    ({"max_per_artist": True}, "must be 1 or more"),
    ({"popularity": "loud"}, "no popularity 'loud'; there are safe, balanced, deep"),
    ({"popularity": None}, "no popularity 'None'"),
    ({"popularity": ["safe"]}, "no popularity"),
    ({"steer": {"mood": 1}}, "steered by 'mood'; there are energy, valence, tempo"),
    ({"steer": {"energy": 2}}, "energy must be a number from -1 to 1; got 2"),
    ({"steer": {"tempo": float("inf")}}, "tempo must be .* got inf"),
    ({"steer": ["energy"]}, "Steer as in"),
])  # fmt: skip
def test_wrong_wishes_are_said_in_words(
    recommender: Recommender, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecsysError, match=message) as caught:
        recommender.recommend([0], **arguments)
    assert "\n" not in str(caught.value)
