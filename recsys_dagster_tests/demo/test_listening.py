"""Listening has the shape of listening: sessions, tastes, favourites and a long tail."""

import numpy as np
import polars as pl
import pytest

from recsys_dagster.demo import DemoSummary
from recsys_dagster.demo.genres import FEATURES


@pytest.fixture(scope="module")
def in_sessions(history: pl.DataFrame) -> pl.DataFrame:
    """Listens in the order of time with `session`; more than 5 minutes begin a new one."""
    ordered = history.reverse().sort("Username", "at", maintain_order=True)
    gap = pl.col("at").diff().over("Username").dt.total_minutes()
    return ordered.with_columns(session=(gap.is_null() | (gap > 5)).cum_sum())


def test_songs_follow_each_other_in_sessions(in_sessions: pl.DataFrame) -> None:
    sizes = in_sessions.group_by("session").len()["len"]
    assert sizes.min() == 3
    assert sizes.is_between(3, 20).all()
    gaps = in_sessions.select(pl.col("at").diff().over("session")).to_series().drop_nulls()
    assert set(gaps.dt.total_minutes().unique()) == {3, 4, 5}


@pytest.mark.slow
def test_evenings_are_busier_than_nights_and_weekends_differ(in_sessions: pl.DataFrame) -> None:
    starts = in_sessions.group_by("session").agg(pl.col("at").min())["at"]
    hours = np.bincount(starts.dt.hour(), minlength=24)
    assert hours[18:22].min() > 4 * hours[2:5].max()
    weekend = (starts.dt.weekday() >= 6).to_numpy()
    noon = starts.dt.hour().is_between(10, 14).to_numpy()
    assert noon[weekend].mean() > 1.2 * noon[~weekend].mean()


@pytest.mark.slow
def test_popularity_is_a_power_law(summary: DemoSummary, history: pl.DataFrame) -> None:
    counts = np.sort(history["song"].value_counts()["count"].to_numpy())[::-1]
    assert 0.12 < counts[:30].sum() / counts.sum() < 0.3
    assert summary.songs_played > 2_700
    assert np.median(counts) < 0.6 * counts.mean()
    middle = np.arange(10, 1_000)
    slope = np.polyfit(np.log(middle + 1), np.log(counts[middle]), 1)[0]
    assert -1.2 < slope < -0.6


def test_a_few_songs_of_the_catalogue_are_never_played(
    history: pl.DataFrame, features: pl.DataFrame
) -> None:
    unheard = features.join(history, on="song", how="anti").height
    unknown = history.select("song").unique().join(features, on="song", how="anti").height
    assert unheard >= 10
    assert 0.1 < unknown / 3_000 < 0.2


def test_listeners_come_back_to_songs(history: pl.DataFrame) -> None:
    people = history.group_by("Username").agg(n=pl.len(), songs=pl.col("song").n_unique())
    share = people["songs"] / people["n"]
    assert people["n"].min() >= 40  # type: ignore[operator]
    assert people["n"].max() > 4 * people["n"].median()  # type: ignore[operator]
    assert 0.15 < share.median() < 0.4  # type: ignore[operator]


def test_new_songs_are_found_to_the_end_but_fewer(in_sessions: pl.DataFrame) -> None:
    new = in_sessions.with_columns(
        new=pl.col("song").is_first_distinct().over("Username"),
        late=pl.int_range(pl.len()).over("Username") * 4 // pl.len().over("Username"),
    )
    share = new.group_by("late").agg(pl.col("new").mean()).sort("late")["new"]
    assert share[0] > 1.3 * share[3] > 0.05


def test_listeners_differ_in_what_they_play(history: pl.DataFrame) -> None:
    shares = _play_shares(history.with_columns(half=pl.int_range(pl.len()).over("Username") % 2))
    alike = (shares[0] * shares[1]).sum(axis=1)
    others = (shares[0] * np.roll(shares[1], 1, axis=0)).sum(axis=1)
    assert np.median(alike) > 0.9
    assert np.median(others) < 0.3


@pytest.mark.slow
def test_a_session_keeps_its_sound(in_sessions: pl.DataFrame, features: pl.DataFrame) -> None:
    columns = [feature.name for feature in FEATURES]
    known = in_sessions.join(features, on="song", maintain_order="left")
    sound = known.select((pl.col(columns) - pl.col(columns).mean()) / pl.col(columns).std())
    values, song = sound.to_numpy(), known["song"].rank("dense").to_numpy()
    session, person = known["session"].to_numpy(), known["Username"].rank("dense").to_numpy()
    chance = np.random.default_rng(0).permutation(len(values))
    near = _distance(values, song, session, np.arange(len(values)))
    same_person = _distance(values, song, person, np.lexsort((chance, person)))
    anyone = _distance(values, song, np.zeros(len(values)), chance)
    assert near < 0.9 * same_person < 0.9 * 0.9 * anyone


def _play_shares(halves: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of plays per artist, shape (users, artists), for either half."""
    user = halves["Username"].rank("dense").to_numpy().astype(int) - 1
    artist = halves["Artist"].rank("dense").to_numpy().astype(int) - 1
    plays = np.zeros((2, user.max() + 1, artist.max() + 1))
    np.add.at(plays, (halves["half"].to_numpy(), user, artist), 1)
    plays /= np.linalg.norm(plays, axis=2, keepdims=True)
    return plays[0], plays[1]


def _distance(values: np.ndarray, song: np.ndarray, group: np.ndarray, order: np.ndarray) -> float:
    """Mean squared distance of neighbours in `order` of one group that are different songs."""
    values, song, group = values[order], song[order], group[order]
    pairs = (group[1:] == group[:-1]) & (song[1:] != song[:-1])
    return float(((values[1:] - values[:-1]) ** 2).sum(axis=1)[pairs].mean())
