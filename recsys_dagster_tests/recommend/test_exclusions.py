"""What is left out: by which names it is found, and what is said where it is not."""

from typing import Any

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend import Answer, Recommender
from recsys_dagster_tests import worlds


def ids(answer: Answer) -> list[int]:
    return [song.song_id for song in answer.recommendations]


@pytest.mark.parametrize("name", ["Slow Artist 2", "  slow ARTIST 2 ", "Slow Artist 2 feat. X"])
def test_an_artist_is_found_however_it_is_spelled(recommender: Recommender, name: str) -> None:
    answer = recommender.recommend([0], n=500, exclude_artists=[name])
    assert set(ids(recommender.recommend([0], n=500))) - set(ids(answer)) == {8, 10}
    (one,) = answer.excluded
    assert (one.kind, one.query, one.matched, one.songs) == ("artist", name, True, 2)


def test_the_beginning_of_a_name_is_another_artist(recommender: Recommender) -> None:
    assert not recommender.recommend([0], exclude_artists=["Slow Artist"]).excluded[0].matched


def test_a_song_by_id_or_name(recommender: Recommender) -> None:
    answer = recommender.recommend([0], n=500, exclude_songs=[8, worlds.name_of(10).upper()])
    assert set(ids(recommender.recommend([0], n=500))) - set(ids(answer)) == {8, 10}
    assert [one.songs for one in answer.excluded] == [1, 1]
    first = recommender.recommend([1], n=500, exclude_songs=[0])
    assert set(ids(recommender.recommend([1], n=500))) - set(ids(first)) == {0}


def test_unknown_names_are_said_and_change_nothing(recommender: Recommender) -> None:
    unknown: list[Any] = ["Slow Artist 1 - Song Numbr 4", 40, -1, 10**30]
    answer = recommender.recommend([0], exclude_artists=["Nobody"], exclude_songs=unknown)
    assert answer.recommendations == recommender.recommend([0]).recommendations
    found = answer.to_dict()["excluded"]
    assert found[0] == {"kind": "artist", "query": "Nobody", "matched": False, "songs": 0}
    assert [one["matched"] for one in found] == [False] * 5
    assert worlds.name_of(4) in found[1]["suggestions"]


def test_all_left_out_leaves_nothing(recommender: Recommender) -> None:
    everybody = [worlds.artist(one) for one in range(40)]
    assert recommender.recommend([0], exclude_artists=everybody).recommendations == ()


@pytest.mark.parametrize(("arguments", "message"), [
    ({"exclude_artists": [""]}, "name of an artist is missing"),
    ({"exclude_artists": "Blur"}, "artists to leave out as a list"),
    ({"exclude_artists": [3]}, "An artist to leave out is a text; got '3'"),
    ({"exclude_songs": [""]}, "A song is missing"),
    ({"exclude_songs": "Blur - Song 2"}, "songs to leave out as a list"),
    ({"exclude_songs": [None]}, "a text or a song id; got 'None'"),
    ({"exclude_songs": [True]}, "a text or a song id; got 'True'"),
])  # fmt: skip
def test_what_is_no_name_is_an_error(
    recommender: Recommender, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecsysError, match=message):
        recommender.recommend([0], **arguments)


def test_only_unplayed_is_what_a_listener_gets_unless_otherwise_asked(
    recommender: Recommender, world: worlds.World
) -> None:
    played = world.played_by(3)
    new = recommender.recommend(user="listener 003", n=500)
    assert new == recommender.recommend(user="listener 003", n=500, only_unplayed=True)
    assert not set(ids(new)) & played
    both = recommender.recommend(
        user="listener 003", n=500, only_unplayed=False, exclude_songs=[min(played)]
    )
    assert set(ids(both)) == set(ids(new)) | played - {min(played)}


def test_seeds_never_come_back_whatever_is_asked(recommender: Recommender) -> None:
    assert 0 not in ids(recommender.recommend([0], n=500, only_unplayed=False))
