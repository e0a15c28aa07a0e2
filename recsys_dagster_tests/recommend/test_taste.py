from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend import Recommender
from recsys_dagster.recommend.history import NEVER, History, Times, days
from recsys_dagster.recommend.packing import pack, unpack
from recsys_dagster.recommend.taste import favourites, forgotten
from recsys_dagster_tests import worlds


def played(plays: list[int], last: list[str | None]) -> History:
    dates = np.array(last, "datetime64[D]")
    return History(np.arange(len(plays)), np.array(plays), dates, dates)


def test_favourites_are_summed_over_their_songs() -> None:
    history = History(np.array([3, 0, 1, 2]), np.array([9, 6, 5, 1]))
    found = favourites(history, np.array([7, 7, 8, 8]), 2)
    assert [(one.song_id, one.plays, one.songs) for one in found] == [(0, 11, 2), (3, 10, 2)]
    assert favourites(History(np.array([], int), np.array([], int)), np.array([7]), 3) == []


def test_forgotten_songs_were_played_often_and_long_ago() -> None:
    history = played(
        [9, 8, 7, 4, 30], ["2020-01-01", "2020-07-05", None, "2019-01-01", "2020-12-31"]
    )
    assert [one.song_id for one in forgotten(history, 9)] == [0]
    later = played([9, 8], ["2020-07-04", "2020-12-31"])
    assert [one.song_id for one in forgotten(later, 9)] == [0]  # 180 days to the day


def test_nothing_is_forgotten_where_no_time_is_known() -> None:
    assert forgotten(played([9, 9], [None, None]), 9) == []
    assert forgotten(History(np.array([1]), np.array([9])), 9) == []


def timed(world: worlds.World) -> Times:
    users, pairs = world.shape.users, len(world.plays)
    last = np.arange(pairs, dtype=np.int32)
    last[0] = NEVER
    hours = np.zeros((users, 168), np.uint32)
    hours[:, 25] = np.arange(users)
    starts = np.arange(users + 1)
    return Times(
        last, last, hours, starts, np.full(users, 600, np.int32), starts[1:].astype(np.int32)
    )


def test_times_come_with_a_release_and_stay_with_their_songs(
    world: worlds.World, tmp_path: Path
) -> None:
    times = timed(world)
    with_times = replace(world.parts.histories, times=times)
    pack(tmp_path, replace(world.parts, histories=with_times), {})
    found = Recommender(unpack(tmp_path), worlds.RELEASE).history("listener 003")
    part = slice(*world.parts.histories.starts[3:5])
    assert found.last is not None
    assert found.hours is not None
    assert dict(zip(found.songs.tolist(), found.last.astype(int).tolist(), strict=True)) == dict(
        zip(world.items[part].tolist(), times.last[part].tolist(), strict=True)
    )
    assert found.plays.tolist() == sorted(world.plays[part].tolist(), reverse=True)
    assert (found.hours[1, 1], found.hours.sum(), found.timed) == (3, 3, True)
    assert [str(month) for month in found.months or []] == ["2020-01"]


def test_a_release_without_times_says_so(recommender: Recommender) -> None:
    assert not recommender.history("listener 003").timed
    with pytest.raises(RecsysError, match="no listener 'eve'"):
        recommender.history("eve")


def test_days_know_what_never_was() -> None:
    assert [str(day) for day in days(np.array([0, NEVER], np.int32))] == ["1970-01-01", "NaT"]


@pytest.mark.parametrize("method", ["hybrid", "svd", "items", "knn", "artist", "seed", "popular"])
def test_a_history_from_elsewhere_counts_as_a_listeners_own(
    recommender: Recommender, method: str
) -> None:
    known = recommender.history("listener 004")
    order = np.argsort(known.songs)
    brought = dict(zip(known.songs[order].tolist(), known.plays[order].tolist(), strict=True))
    for unplayed in (True, False):
        one = recommender.recommend(history=brought, method=method, n=30, only_unplayed=unplayed)
        other = recommender.recommend(
            user="listener 004", method=method, n=30, only_unplayed=unplayed
        )
        assert replace(other, user=None) == one


@pytest.mark.parametrize(
    ("brought", "words"),
    [({999: 1}, "no song 999"), ({0: 0}, "above 0"), ({0: float("nan")}, "above 0")],
)
def test_a_history_that_cannot_be(
    recommender: Recommender, brought: dict[int, float], words: str
) -> None:
    with pytest.raises(RecsysError, match=words):
        recommender.recommend(history=brought)


def test_an_empty_history_brings_the_most_played(recommender: Recommender) -> None:
    answer = recommender.recommend(history={})
    assert answer.recommendations


def test_mean_audio_is_the_mean_of_what_is_known(recommender: Recommender) -> None:
    one, other = recommender.audio([0, 1])
    assert recommender.audio([4]) == [dict.fromkeys(one)]  # a song without features
    mean = recommender.mean_audio([0, 1, 4], [1, 3, 100])
    assert mean["tempo"] == pytest.approx((one["tempo"] + 3 * other["tempo"]) / 4)  # type: ignore[operator]
    assert recommender.mean_audio([4]) == dict.fromkeys(one)
    everything = [song.song_id for song in recommender.popular(99)]
    assert recommender.catalogue_audio() == pytest.approx(recommender.mean_audio(everything))
