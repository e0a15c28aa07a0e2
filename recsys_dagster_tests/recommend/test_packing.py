import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend import METHODS, Recommender
from recsys_dagster.recommend.packing import Histories, Parts, pack, unpack
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Release, Releases
from recsys_dagster_tests import worlds

EVALUATION = {"methods": {"svd": {"ndcg@10": 0.25}}}


def packed(parts: Parts, root: Path) -> Release:
    releases = Releases(root)
    with releases.build() as building:
        pack(building, parts, EVALUATION)
        return releases.publish(building, figures={}, demo=False, check=lambda _: None)


@pytest.mark.slow
def test_packed_and_unpacked_it_answers_the_same(
    world: worlds.World, recommender: Recommender, tmp_path: Path
) -> None:
    release = packed(world.parts, tmp_path / "releases")
    again = Recommender.open(tmp_path)
    assert again.release_id == release.id
    assert release.evaluation() == EVALUATION
    for method in METHODS:
        for arguments in ({"seeds": [0, 2, 5]}, {"user": "listener 004"}):
            one = again.recommend(**arguments, method=method, n=40)
            other = recommender.recommend(**arguments, method=method, n=40)
            assert replace(one, release="") == replace(other, release="")
    assert again.users == recommender.users
    assert again.search("number 1", 50) == recommender.search("number 1", 50)
    assert again.audio([0, 4]) == recommender.audio([0, 4])


def test_the_model_card_comes_with_the_release(world: worlds.World, tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    for card in (None, "# Card\n"):
        with releases.build() as building:
            pack(building, world.parts, EVALUATION, card)
            made = releases.publish(building, figures={}, demo=False, check=lambda _: None)
        assert made.model_card() == card


def test_equal_parts_are_the_same_release(world: worlds.World, tmp_path: Path) -> None:
    first = packed(world.parts, tmp_path)
    assert packed(worlds.make().parts, tmp_path) == first
    assert packed(unpack(first.path), tmp_path) == first


def test_a_release_that_lies_elsewhere_works(world: worlds.World, tmp_path: Path) -> None:
    release = packed(world.parts, tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "two")
    moved = Releases(tmp_path / "two").open(release.id)
    assert Recommender.from_release(moved).recommend([0]).recommendations


FILES = ["songs.parquet", "features.npy", "features.json", "svd/item_bias.npy", "svd/model.json",
         "artists.npy", "items/model.json", "knn/vectors.npy", "ranker/songs/ranker.json",
         "ranker/history/ranker.json", "history/users.json", "history/plays.npy"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe{["])
def test_a_missing_or_broken_part_is_said_in_words(
    world: worlds.World, tmp_path: Path, name: str, content: bytes | None
) -> None:
    pack(tmp_path, world.parts, EVALUATION)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RecsysError):
        unpack(tmp_path)


def test_no_release_yet(tmp_path: Path) -> None:
    with pytest.raises(RecsysError, match="recsys run"):
        Recommender.open(tmp_path)
    assert not Layout(tmp_path).releases.exists()


def deaf() -> Parts:
    return worlds.make(worlds.Shape(silent=tuple(range(40)))).parts


def test_a_release_without_audio_features(tmp_path: Path) -> None:
    found = Recommender.from_release(packed(deaf(), tmp_path))
    svd = found.recommend([0, 2], method="svd", n=30)
    hybrid = found.recommend([0, 2], n=30)
    assert [song.song_id for song in hybrid.recommendations] == [
        song.song_id for song in svd.recommendations
    ]
    assert all(song.because.audio == () for song in hybrid.recommendations)
    assert found.recommend(user="listener 001").recommendations
    for method in ("knn", "seed"):
        for arguments in ({"seeds": [0]}, {"user": "listener 001"}):
            with pytest.raises(RecsysError, match="needs audio features"):
                found.recommend(**arguments, method=method)
    assert not found.song(0).has_audio


def lone(songs: int) -> Callable[[], Parts]:
    shape = worlds.Shape(users=1, songs=songs, silent=(), forgotten=())
    return lambda: worlds.make(shape).parts


@pytest.mark.slow
@pytest.mark.parametrize("make", [lone(1), lone(3), lone(12)], ids=["1", "3", "12"])
def test_a_single_listener(make: Callable[[], Parts], tmp_path: Path) -> None:
    parts = make()
    found = Recommender.from_release(packed(parts, tmp_path))
    played = parts.songs.filter(pl.col("plays") > 0)["song_id"].to_list()
    own = worlds.artist(0)
    for method in METHODS:
        if found.song(0).has_audio or method not in ("knn", "seed"):
            answer = found.recommend([0], method=method)
            there = [one for one in played if method != "artist" or worlds.artist(one) == own]
            assert {song.song_id for song in answer.recommendations} == set(there) - {0}
    assert found.recommend(user="listener 000").recommendations == ()
    json.dumps(found.recommend(["x"]).to_dict(), allow_nan=False)
    assert [song.song_id for song in found.popular(99)] != []


def test_a_single_song_has_nothing_beside_it(tmp_path: Path) -> None:
    found = Recommender.from_release(packed(lone(1)(), tmp_path))
    assert found.recommend([0]).recommendations == ()
    assert [song.song_id for song in found.recommend(["Who - Knows"]).recommendations] == [0]


def test_a_history_is_most_played_first() -> None:
    histories = Histories(
        ("ann", "bob"), np.array([0, 3, 3]), np.array([4, 7, 9], np.int32), np.array([2, 5, 2])
    )
    songs, plays = histories.of("ann")
    assert (songs.tolist(), plays.tolist()) == ([7, 4, 9], [5, 2, 2])
    assert len(histories.of("bob")[0]) == 0
    with pytest.raises(RecsysError, match=r"'eve'\. There are: ann, bob$"):
        histories.of("eve")


def test_a_listener_who_played_nothing(world: worlds.World) -> None:
    listened = world.parts.histories
    starts = np.append(listened.starts, listened.starts[-1])
    more = replace(listened, users=(*listened.users, "nobody yet"), starts=starts)
    found = Recommender(replace(world.parts, histories=more), worlds.RELEASE)
    for method in ("hybrid", "svd", "items", "artist", "popular"):
        answer = found.recommend(user="nobody yet", method=method)
        assert len(answer.recommendations) == 10
    with pytest.raises(RecsysError, match="needs audio features"):
        found.recommend(user="nobody yet", method="knn")
