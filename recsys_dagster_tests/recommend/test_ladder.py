"""Which rung answers, and with what."""

import pytest

from recsys_dagster.recommend import METHODS, RUNGS, Answer, Recommender

UNKNOWN = "Nobody - Nothing at All"
SILENT, COLD, NOTHING = 4, 36, 38
"""Played without features; features without plays; neither."""


def ids(answer: Answer) -> list[int]:
    return [song.song_id for song in answer.recommendations]


def most_played(recommender: Recommender, n: int = 10) -> list[int]:
    return [song.song_id for song in recommender.popular(n)]


@pytest.mark.parametrize(("seeds", "method", "rung"), [
    ([0], "hybrid", "known"), ([SILENT], "hybrid", "known"), ([COLD, 0], "hybrid", "known"),
    ([UNKNOWN, 0], "svd", "known"), ([0], "knn", "known"), ([0], "popular", "known"),
    ([COLD], "hybrid", "audio"), ([COLD, NOTHING], "knn", "audio"), ([COLD], "seed", "audio"),
    ([COLD], "svd", "unknown"), ([NOTHING], "hybrid", "unknown"), ([UNKNOWN], "hybrid", "unknown"),
    ([], "hybrid", "none"), ([], "popular", "none"),
])  # fmt: skip
def test_the_rung_is_said(
    recommender: Recommender, seeds: list[str | int], method: str, rung: str
) -> None:
    answer = recommender.recommend(seeds, method=method)
    assert (answer.rung, answer.to_dict()["rung"], answer.method) == (rung, rung, method)
    assert rung in RUNGS
    assert len(answer.recommendations) == 10


def test_songs_without_listens_are_answered_by_sound(recommender: Recommender) -> None:
    hybrid = recommender.recommend([COLD])
    assert hybrid.recommendations == recommender.recommend([COLD], method="knn").recommendations
    assert {song % 2 for song in ids(hybrid)} == {COLD % 2}
    assert hybrid.recommendations[0].because.seeds[0].share == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
def test_no_seeds_give_the_most_played(recommender: Recommender, method: str) -> None:
    answer = recommender.recommend(method=method)
    assert ids(answer) == most_played(recommender)
    assert (answer.rung, answer.seeds) == ("none", ())


@pytest.mark.parametrize("seeds", [[], [UNKNOWN], [NOTHING]])
def test_wishes_hold_on_every_rung(recommender: Recommender, seeds: list[str | int]) -> None:
    first = most_played(recommender)[0]
    answer = recommender.recommend(seeds, max_per_artist=1, exclude_songs=[first])
    artists = [song.artist for song in answer.recommendations]
    assert len(set(artists)) == len(artists) == 10
    assert first not in ids(answer)


def test_a_listener_is_known(recommender: Recommender) -> None:
    assert recommender.recommend(user="listener 000").rung == "known"
