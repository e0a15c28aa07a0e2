"""What every method owes whoever asks."""

import numpy as np
import pytest

from recsys_dagster.recommend import METHODS, Answer, Recommender
from recsys_dagster.recommend.found import BatchEngine
from recsys_dagster.recommend.methods import DEAF, PARTS, WORDS
from recsys_dagster.recommend.sources import Query
from recsys_dagster_tests import worlds

pytestmark = pytest.mark.parametrize("method", METHODS)

SEEDS = [[0], [1], [0, 2, 8, 10, 12], [0, 1], [0, 4], [36, 0]]


def ids(answer: Answer) -> list[int]:
    return [song.song_id for song in answer.recommendations]


@pytest.mark.parametrize("seeds", SEEDS)
class TestSeeds:
    def test_seeds_never_come_back_and_nothing_comes_twice(
        self, recommender: Recommender, method: str, seeds: list[int]
    ) -> None:
        found = ids(recommender.recommend(seeds, method=method, n=500))
        assert found
        assert not set(found) & set(seeds)
        assert len(set(found)) == len(found)

    def test_ranks_and_scores(
        self, recommender: Recommender, method: str, seeds: list[int]
    ) -> None:
        songs = recommender.recommend(seeds, method=method, n=12).recommendations
        assert [song.rank for song in songs] == list(range(1, len(songs) + 1))
        scores = [song.score for song in songs]
        assert scores == sorted(scores, reverse=True)
        assert np.isfinite(scores).all()

    def test_songs_that_nobody_plays_never_come(
        self, recommender: Recommender, method: str, seeds: list[int]
    ) -> None:
        found = ids(recommender.recommend(seeds, method=method, n=500))
        assert not set(found) & set(worlds.Shape().forgotten)

    def test_the_same_question_has_the_same_answer(
        self, recommender: Recommender, world: worlds.World, method: str, seeds: list[int]
    ) -> None:
        answer = recommender.recommend(seeds, method=method, n=20)
        assert recommender.recommend(seeds, method=method, n=20) == answer
        assert Recommender(world.parts, worlds.RELEASE).recommend(
            seeds, method=method, n=20
        ) == answer  # fmt: skip

    def test_at_most_as_many_as_asked_for(
        self, recommender: Recommender, method: str, seeds: list[int]
    ) -> None:
        long = ids(recommender.recommend(seeds, method=method, n=40))
        for n in (1, 3, 7):
            assert ids(recommender.recommend(seeds, method=method, n=n)) == long[:n]


def test_more_asked_for_than_there_are(
    recommender: Recommender, world: worlds.World, method: str
) -> None:
    there = worlds.reach(world, method, [0])
    assert set(ids(recommender.recommend([0], method=method, n=500))) == there


def test_the_seeds_have_a_say(crowded: Recommender, method: str) -> None:
    """Other seeds, other songs; unless the method is one that does not hear them."""
    seeds = [1, 5], [2, 6]
    one, other = (ids(crowded.recommend(pair, method=method, n=50)) for pair in seeds)
    shared = [[song for song in found if song not in (1, 5, 2, 6)][:40] for found in (one, other)]
    assert (shared[0] == shared[1]) == (method in DEAF)


def test_a_seed_named_twice_counts_once(recommender: Recommender, method: str) -> None:
    once = recommender.recommend([0, 2], method=method)
    twice = recommender.recommend([0, 2, worlds.name_of(0), 0], method=method)
    assert once.recommendations == twice.recommendations
    assert len(twice.seeds) == 4


def test_what_is_excluded_never_comes(crowd: worlds.World, method: str) -> None:
    engine = worlds.engine(crowd.parts)
    seeds = np.array([1, 2])
    free = engine.rank(method, Query(seeds), 30).ids
    left_out = np.concatenate([free[::2], [1]])
    found = engine.rank(method, Query(seeds, exclude=left_out), 30).ids
    assert not set(found.tolist()) & {1, 2, *free[::2].tolist()}
    there = worlds.reach(crowd, method, [1, 2]) - set(left_out.tolist())
    assert len(found) == min(30, len(there))
    if method in PARTS:
        kept = free[1::2].tolist()
        assert found.tolist()[: len(kept)] == kept


def test_names_and_ids_are_the_same_question(recommender: Recommender, method: str) -> None:
    by_name = recommender.recommend([worlds.name_of(0), worlds.name_of(3)], method=method)
    assert by_name == recommender.recommend([0, 3], method=method)
    assert by_name == recommender.recommend(list(np.array([0, 3])), method=method)


def test_sources_name_who_brought_it(recommender: Recommender, method: str) -> None:
    silent = set(worlds.Shape().silent)
    for song in recommender.recommend([0, 2], method=method, n=40).recommendations:
        if method == "hybrid":
            assert set(song.sources) <= {"svd", "knn"}
            assert ("knn" in song.sources) == (song.song_id not in silent)
            assert "svd" in song.sources
        else:
            assert song.sources == (worlds.brought_by(method),)


def test_what_a_listener_played_never_comes_back(
    recommender: Recommender, world: worlds.World, method: str
) -> None:
    for user, name in enumerate(recommender.users):
        answer = recommender.recommend(user=name, method=method, n=500)
        assert not set(ids(answer)) & world.played_by(user)
        assert ids(answer)
        assert (answer.user, answer.rung, answer.seeds) == (name, "known", ())


@pytest.mark.parametrize("seeds", [[1, 2], [0, 7], []])
@pytest.mark.parametrize("whole", [False, True])
def test_many_at_a_time_is_one_at_a_time(
    crowd: worlds.World, method: str, seeds: list[int], whole: bool
) -> None:
    plain = worlds.engine(crowd.parts)
    batch = BatchEngine(plain.models, plain.rankers)
    ratings = np.linspace(3, 1, len(seeds), dtype=np.float32) if whole else None
    query = Query(np.array(seeds, np.int64), ratings)
    (known,) = batch.bring_along([query], 120)
    one, other = plain.rank(method, query, 20), batch.rank(method, known, 20)
    assert other.ids.tolist() == one.ids.tolist()
    assert batch.order(method, known, 20).tolist() == one.ids.tolist()
    np.testing.assert_allclose(other.scores, one.scores, rtol=1e-4, atol=1e-5)


def test_without_anything_to_go_by_the_most_played_songs_come(
    recommender: Recommender, method: str
) -> None:
    """No song, an empty history of a visitor, or names that the catalogue does not have."""
    popular = [song.song_id for song in recommender.popular(10)]
    assert ids(recommender.recommend(method=method)) == popular
    unknown = recommender.recommend(["Nobody - Nothing"], method=method)
    assert not unknown.seeds[0].matched
    assert (ids(unknown), unknown.rung) == (popular, "unknown")


def test_a_release_answers_as_what_it_was_packed_of(
    recommender: Recommender, reopened: Recommender, method: str
) -> None:
    for asked in ({"seeds": [0, 2]}, {"user": recommender.users[3]}):
        answer = recommender.recommend(**asked, method=method, n=30)
        assert reopened.recommend(**asked, method=method, n=30) == answer


def test_every_method_is_named_and_explained(method: str) -> None:
    label, explained = WORDS[method]
    assert label
    assert explained.endswith(".")
