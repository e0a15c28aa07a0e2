"""Questions and answers: what is asked wrongly, what is not known, and the JSON."""

import json
from typing import Any

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend import METHODS, Answer, Recommender
from recsys_dagster_tests import worlds

UNKNOWN = "Nobody - Nothing at All"
SILENT = 4


def ids(answer: Answer) -> list[int]:
    return [song.song_id for song in answer.recommendations]


def test_silent_seeds_leave_the_hybrid_to_svd(recommender: Recommender) -> None:
    hybrid = recommender.recommend([SILENT, 5], n=30)
    assert ids(hybrid) == ids(recommender.recommend([SILENT, 5], method="svd", n=30))
    assert {song.sources for song in hybrid.recommendations} == {("svd",)}
    assert hybrid.recommendations[0].score == 1
    assert hybrid.rung == "known"


@pytest.mark.parametrize("method", ["knn", "seed"])
def test_silent_seeds_are_refused_where_sound_is_needed(
    recommender: Recommender, method: str
) -> None:
    with pytest.raises(RecsysError, match=f"{method} needs audio features.*hybrid or svd"):
        recommender.recommend([SILENT, 5], method=method)
    both = recommender.recommend([SILENT, 0], method=method)
    assert set(ids(both)) - {0} <= set(ids(recommender.recommend([0], method=method, n=500)))


@pytest.mark.parametrize("method", METHODS)
def test_unknown_seeds_give_the_most_played(recommender: Recommender, method: str) -> None:
    answer = recommender.recommend([UNKNOWN, "Slow Artist 1 - Song Numbr 4"], method=method)
    assert (answer.rung, answer.method) == ("unknown", method)
    assert ids(answer) == [song.song_id for song in recommender.popular(10)]
    assert [seed.matched for seed in answer.seeds] == [False, False]
    assert worlds.name_of(4) in answer.to_dict()["seeds"][1]["suggestions"]
    assert {song.sources for song in answer.recommendations} == {("popular",)}
    assert {song.because.seeds for song in answer.recommendations} == {()}


def test_unknown_seeds_are_passed_over(recommender: Recommender) -> None:
    mixed = recommender.recommend([UNKNOWN, 0, worlds.name_of(2)])
    assert mixed.recommendations == recommender.recommend([0, 2]).recommendations
    assert [seed.matched for seed in mixed.seeds] == [False, True, True]
    assert mixed.rung == "known"


@pytest.mark.parametrize(("arguments", "message"), [
    ({"seeds": [0, 1, 2, 3, 8, 9]}, "at most 5 songs; got 6"),
    ({"seeds": [0], "method": "magic"}, "no method 'magic'; there are hybrid, svd"),
    ({"seeds": [0], "method": "x" * 9999}, "no method 'xxx"),
    ({"seeds": [0], "method": None}, "no method 'None'"),
    ({"seeds": [0], "method": ""}, "no method ''"),
    ({"seeds": [0], "n": 0}, "must be 1 to 500; got 0"),
    ({"seeds": [0], "n": -1}, "must be 1 to 500; got -1"),
    ({"seeds": [0], "n": 501}, "must be 1 to 500; got 501"),
    ({"seeds": [0], "n": 2.5}, "must be 1 to 500; got 2.5"),
    ({"seeds": [0], "n": "10"}, "must be 1 to 500; got 10"),
    ({"seeds": [0], "n": float("nan")}, "must be 1 to 500; got nan"),
    ({"seeds": [0], "n": True}, "must be 1 to 500; got True"),
    ({"seeds": "Radiohead - Creep"}, "as a list"),
    ({"seeds": None}, "as a list"),
    ({"seeds": {0, 1}}, "as a list"),
    ({"seeds": 5}, "as a list"),
    ({"seeds": [40]}, "no song 40 .* 0 to 39"),
    ({"seeds": [-1]}, "no song -1"),
    ({"seeds": [None]}, "text or a song id; got 'None'"),
    ({"seeds": [1.5]}, "text or a song id; got '1.5'"),
    ({"seeds": [True]}, "text or a song id; got 'True'"),
    ({"seeds": [""]}, "A song is missing"),
    ({"seeds": [0], "user": "listener 000"}, "one of them"),
    ({"user": "nobody"}, "no listener 'nobody'. There are: listener 000, .* …"),
    ({"user": ""}, "no listener ''"),
    ({"user": "\udcff\n"}, r"no listener '\\udcff\\n'"),
])  # fmt: skip
def test_wrong_arguments_are_said_in_words(
    recommender: Recommender, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecsysError, match=message) as caught:
        recommender.recommend(**arguments)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ids", [[-1], [0, 40], [10**9]])
def test_the_sound_of_an_unknown_song_is_an_error(recommender: Recommender, ids: list[int]) -> None:
    with pytest.raises(RecsysError, match="There is no song"):
        recommender.audio(ids)


def test_the_sound_of_songs(recommender: Recommender, world: worlds.World) -> None:
    slow, silent = recommender.audio([2, SILENT])
    assert list(slow) == list(world.parts.feature_names)
    assert list(slow.values()) == pytest.approx(world.parts.features[2].tolist())
    assert set(silent.values()) == {None}
    assert recommender.audio([]) == []


def test_songs_tell_whether_they_can_be_heard(recommender: Recommender) -> None:
    found = [recommender.song(song).has_audio for song in range(40)]
    assert [song for song in range(40) if not found[song]] == list(worlds.Shape().silent)


SONG = {"song_id": int, "artist": str, "title": str}


def kinds(document: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in document.items()}


@pytest.mark.parametrize("method", METHODS)
def test_the_json_is_that_of_the_design(recommender: Recommender, method: str) -> None:
    answer = recommender.recommend([0, worlds.name_of(8), UNKNOWN], method=method, n=7)
    text = json.dumps(answer.to_dict(), allow_nan=False)
    found = json.loads(text)
    assert found == json.loads(json.dumps(answer.to_dict()))
    assert {"release": worlds.RELEASE, "method": method}.items() <= found.items()
    assert set(found) == {"release", "method", "rung", "user", "seeds", "excluded",
                          "recommendations"}  # fmt: skip
    first, _, unknown = found["seeds"]
    assert kinds(first) == {"query": str, "matched": bool, **SONG}
    assert first == {"query": worlds.name_of(0), "matched": True, "song_id": 0,
                     "artist": worlds.artist(0), "title": worlds.title(0)}  # fmt: skip
    assert kinds(unknown) == {"query": str, "matched": bool, "suggestions": list}
    assert len(found["recommendations"]) == (2 if method == "artist" else 7)
    for song in found["recommendations"]:
        assert kinds({**song, "spotify_id": "maybe none"}) == {
            "rank": int, **SONG, "score": float, "sources": list, "because": dict,
            "spotify_id": str,
        }  # fmt: skip
        assert song["spotify_id"] == (None if song["song_id"] % 3 else f"spotify{song['song_id']}")
        assert set(song["because"]) == {"seeds", "audio"}
        for seed in song["because"]["seeds"]:
            assert kinds(seed) == {"song_id": int, "share": float}
        for one in song["because"]["audio"]:
            assert kinds(one) == {"feature": str, "seed": float, "song": float}
    sounding = [song for song in found["recommendations"]
                if song["song_id"] not in worlds.Shape().silent]  # fmt: skip
    agreements = 0 if method == "popular" else 3
    assert all(len(song["because"]["audio"]) == agreements for song in sounding)


def test_the_json_of_a_listener(recommender: Recommender) -> None:
    found = json.loads(json.dumps(recommender.recommend(user="listener 003").to_dict()))
    assert found["user"] == "listener 003"
    assert (found["rung"], found["seeds"]) == ("known", [])


def test_ten_songs_are_found_where_no_number_is_said(recommender: Recommender) -> None:
    everything = recommender.search("", 1_000)
    assert recommender.search("") == everything[:10] != everything


def test_numbers_of_numpy_are_numbers(recommender: Recommender) -> None:
    plain = recommender.recommend([0, 2], n=3)
    assert recommender.recommend([np.int32(0), np.int64(2)], n=np.int64(3)) == plain  # type: ignore[list-item,arg-type]
    assert recommender.recommend((0, 2), n=3) == plain
    assert recommender.recommend(np.array([0, 2]), n=3) == plain  # type: ignore[arg-type]
