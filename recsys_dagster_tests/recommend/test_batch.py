"""Recommendations for all listeners: the same as one at a time."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.ranking.logistic import Logistic
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.recommend import batch
from recsys_dagster.recommend.batch import BATCH_METHODS, Block, recommend_all
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.packing import Histories
from recsys_dagster.recommend.ranker import Learned, Rankers
from recsys_dagster.recommend.sources import Query
from recsys_dagster_tests import worlds
from recsys_dagster_tests.evaluation.test_protocol import Counting

CROWD = worlds.Shape(
    users=150, songs=300, silent=tuple(range(0, 300, 7)), forgotten=tuple(range(3, 300, 11)),
    played_share=0.3, seed=3,
)  # fmt: skip
N = 15


@pytest.fixture(scope="module")
def world() -> worlds.World:
    return worlds.make(CROWD)


@pytest.fixture(scope="module")
def engine(world: worlds.World) -> Engine:
    """The hybrid with a learned ranker of both kinds."""
    plain = worlds.engine(world.parts)
    rows, wanted = [], []
    for user in range(60):
        songs, plays = world.parts.histories.at(user)
        query = Query(songs[::2], np.log1p(plays[::2]).astype(np.float32))
        pool = plain.candidates(query, PARTS, 100)
        rows.append(plain.features(query)(pool))
        wanted.append(np.isin(pool.ids, songs[1::2]))
    features, right = np.concatenate(rows), np.concatenate(wanted)
    models = Logistic.fit(features, right), Trees.fit(features, right)
    return plain.with_rankers(Rankers.alike(Learned(models, 100)))


def all_of(engine: Engine, histories: Histories, method: str, n: int, threads: int = 2) -> Block:
    """All blocks as one."""
    blocks = list(recommend_all(engine, histories, method=method, n=n, threads=threads))
    fields = ("listeners", "ids", "scores", "sources")
    return Block(*(np.concatenate([getattr(one, name) for one in blocks]) for name in fields))


def histories_of(songs: Sequence[Sequence[int]]) -> Histories:
    """Listeners who played some songs once each."""
    starts = np.cumsum([0, *map(len, songs)]).astype(np.int64)
    whole = np.array([song for one in songs for song in one], np.int32)
    names = tuple(f"listener {number}" for number in range(len(songs)))
    return Histories(names, starts, whole, np.ones(len(whole), np.int64))


def assert_as_single(engine: Engine, histories: Histories, method: str, n: int) -> None:
    found = all_of(engine, histories, method, n)
    assert found.listeners.tolist() == list(range(len(histories.users)))
    for user in range(len(histories.users)):
        songs, plays = histories.at(user)
        single = engine.rank(method, Query(songs, np.log1p(plays).astype(np.float32)), n)
        many = len(single.ids)
        assert found.ids[user, :many].tolist() == single.ids.tolist()
        assert (found.ids[user, many:] == -1).all()
        np.testing.assert_allclose(found.scores[user, :many], single.scores, rtol=1e-4, atol=1e-5)
        assert np.isnan(found.scores[user, many:]).all()
        strongest = [PARTS.index(single.sources(place)[0]) for place in range(many)]
        assert found.sources[user].tolist() == [*strongest, *[-1] * (n - many)]


@pytest.mark.slow
@pytest.mark.parametrize("method", BATCH_METHODS)
def test_every_listener_gets_what_a_single_request_gives(
    world: worlds.World, engine: Engine, method: str
) -> None:
    assert_as_single(engine, world.parts.histories, method, N)


@pytest.mark.slow
@pytest.mark.parametrize("method", BATCH_METHODS)
def test_with_the_default_ranker_and_more_songs_than_there_are(
    world: worlds.World, method: str
) -> None:
    assert_as_single(worlds.engine(world.parts), world.parts.histories, method, 400)


@pytest.mark.parametrize("method", BATCH_METHODS)
def test_a_listener_without_anything_and_one_with_everything(engine: Engine, method: str) -> None:
    songs = len(engine.available)
    unheard = np.flatnonzero(~np.isin(np.arange(songs), engine.models.knn.song_ids))
    few = [[], list(range(songs)), [0], unheard[:2].tolist(), np.flatnonzero(~engine.available)[:3]]
    assert_as_single(engine, histories_of(few), method, N)


@pytest.mark.slow
@pytest.mark.parametrize("method", BATCH_METHODS)
def test_nothing_played_and_nothing_unavailable_comes_back(
    world: worlds.World, engine: Engine, method: str
) -> None:
    found = all_of(engine, world.parts.histories, method, N)
    for user, ids in enumerate(found.ids):
        assert not set(ids.tolist()) & world.played_by(user)
    assert engine.available[found.ids[found.ids >= 0]].all()


def test_songs_without_plays_can_be_made_available(world: worlds.World, engine: Engine) -> None:
    available = np.ones(world.shape.songs, bool)
    open_to_all = Engine(replace(engine.models, available=available), engine.rankers)
    assert_as_single(open_to_all, world.parts.histories, "svd", 200)
    found = all_of(open_to_all, world.parts.histories, "svd", 200)
    assert set(found.ids.ravel().tolist()) & set(CROWD.forgotten)


@pytest.mark.slow
@pytest.mark.parametrize("method", BATCH_METHODS)
def test_the_number_of_threads_changes_nothing(
    world: worlds.World, engine: Engine, method: str
) -> None:
    one, three = (all_of(engine, world.parts.histories, method, N, many) for many in (1, 3))
    for name in ("listeners", "ids", "scores", "sources"):
        assert getattr(one, name).tobytes() == getattr(three, name).tobytes()


def test_progress_is_told_listener_by_listener(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BLOCK", 4)
    counting = Counting()
    list(recommend_all(engine, histories_of([[1, 2]] * 10), method="svd", progress=counting))
    assert counting.steps == counting.total == 10


def test_one_song_each_is_the_best_of_more(engine: Engine) -> None:
    histories = histories_of([[1, 2], [5]])
    one, more = (all_of(engine, histories, "svd", n) for n in (1, N))
    assert one.ids.shape == (2, 1)
    np.testing.assert_array_equal(one.ids, more.ids[:, :1])


@pytest.mark.slow
def test_nobody_gets_nothing(engine: Engine) -> None:
    assert list(recommend_all(engine, histories_of([]))) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"method": "knn"}, "no batch by 'knn'"), ({"n": 0}, "got 0 and 2"),
     ({"threads": 0}, "got 10 and 0")],
)  # fmt: skip
def test_wrong_arguments_are_named(engine: Engine, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(RecsysError, match=words):
        recommend_all(engine, histories_of([]), **wrong)  # type: ignore[arg-type]


def test_without_any_audio_the_other_sources_answer() -> None:
    shape = worlds.Shape(users=6, songs=24, silent=tuple(range(24)), forgotten=())
    parts = worlds.make(shape).parts
    engine, histories = worlds.engine(parts), parts.histories
    found = all_of(engine, histories, "hybrid", 5)
    for user in range(6):
        songs, plays = histories.at(user)
        query = Query(songs, np.log1p(plays).astype(np.float32))
        expected = engine.rank("hybrid", query, 5).ids
        assert found.ids[user][: len(expected)].tolist() == expected.tolist()
