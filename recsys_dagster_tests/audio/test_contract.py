"""What every source of audio features owes the batches that ask it."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.audio.features import FEATURE_TABLE, FEATURES
from recsys_dagster.audio.merging import look_up_everywhere
from recsys_dagster.audio.sources import MAKERS, FeatureSource, Surroundings, make_sources
from recsys_dagster.audio.sources.base import (
    BLOCKED,
    ERROR,
    FOUND,
    LOOKED_UP,
    NO_FEATURES,
    NOT_FOUND,
)
from recsys_dagster.settings import load_settings
from recsys_dagster_tests.audio.asking_spotify import songs
from recsys_dagster_tests.audio.fake_reccobeats import (
    FakeReccobeats,
    FakeTrack,
    made_up_features,
    spotify_id,
)
from recsys_dagster_tests.audio.fake_spotify import CLIENT_ID, SECRET, FakeSpotify, Track, sound

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("name", MAKERS)]

KNOWN = (
    ("Quay", "Harbour"),
    ("Béla & Co", "Sunlight"),
)
"""Songs of which every source knows one at least."""
UNKNOWN = ("Nobody", "Nothing"), ("ヨルシカ", "?"), ("", "")
ASKED = songs(*((*song, None) for song in (*KNOWN, *UNKNOWN)))


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    """A catalogue file and both services, which know the same songs; no pauses."""
    catalogue = tmp_path / "catalogue.csv"
    rows = [f'"{artist}","{title}",0.5,120\n' for artist, title in KNOWN]
    catalogue.write_text("artist,title,energy,tempo\n" + "".join(rows))
    reccobeats = FakeReccobeats(
        FakeTrack(spotify_id(number), title, [artist], made_up_features(number))
        for number, (artist, title) in enumerate(KNOWN)
    )
    spotify = FakeSpotify(
        *(Track(number, [artist], title, features=sound(number))
          for number, (artist, title) in enumerate(KNOWN, 1))
    )  # fmt: skip
    with reccobeats, spotify, spotify.accounts:
        for setting, value in {
            "RECCOBEATS_API_URL": reccobeats.url, "RECCOBEATS_INTERVAL": "0",
            "SPOTIFY_API_URL": f"{spotify.url}/v1", "SPOTIFY_ACCOUNTS_URL": spotify.accounts.url,
            "SPOTIFY_INTERVAL": "0", "SPOTIPY_CLIENT_ID": CLIENT_ID,
            "SPOTIPY_CLIENT_SECRET": SECRET,
        }.items():  # fmt: skip
            monkeypatch.setenv(setting, value)
        yield Surroundings({catalogue: "hash"}, tmp_path / "answers", load_settings())


@pytest.fixture
def source(around: Surroundings, name: str) -> Iterator[FeatureSource]:
    (made,) = make_sources([name], around)
    yield made
    made.close()


def test_it_is_called_as_it_is_named(source: FeatureSource, name: str) -> None:
    assert source.name == name


def test_what_it_says_is_of_songs_that_were_asked_for_once_each(source: FeatureSource) -> None:
    found = source.look_up(ASKED)
    assert found.schema == LOOKED_UP
    assert found["song_id"].is_unique().all()
    assert set(found["song_id"]) <= set(ASKED["song_id"])
    assert set(found["status"]) <= {FOUND, NO_FEATURES, NOT_FOUND, BLOCKED, ERROR}


def test_it_knows_a_song_and_makes_nothing_up(source: FeatureSource) -> None:
    found = source.look_up(ASKED).filter(status=FOUND)
    assert found.height >= 1
    assert set(found["song_id"]) <= set(range(len(KNOWN)))
    has_any = found.select(pl.any_horizontal(pl.col(FEATURES).is_not_null())).to_series()
    assert has_any.all()
    assert found["score"].is_between(0, 1).all()


def test_every_value_is_in_its_range(source: FeatureSource) -> None:
    found = source.look_up(ASKED)
    for feature in FEATURE_TABLE:
        assert found[feature.name].drop_nulls().is_between(feature.low, feature.high).all()


def test_one_at_a_time_is_all_at_once(source: FeatureSource) -> None:
    whole = source.look_up(ASKED).sort("song_id")
    single = pl.concat([source.look_up(song) for song in ASKED.iter_slices(1)])
    columns = ["song_id", "status", *FEATURES]
    assert single.sort("song_id").select(columns).equals(whole.select(columns))


def test_no_song_is_no_answer(source: FeatureSource) -> None:
    found = source.look_up(ASKED.clear())
    assert (found.height, found.schema) == (0, LOOKED_UP)
    assert source.requests == 0


def test_requests_are_those_of_a_service(source: FeatureSource) -> None:
    source.look_up(ASKED)
    assert (source.requests > 0) == source.is_service
    assert source.refused_files == []
    assert all(isinstance(remark, str) for remark in source.remarks)


def test_the_same_surroundings_give_the_same_fingerprint(
    source: FeatureSource, around: Surroundings, name: str
) -> None:
    before = source.fingerprint
    source.look_up(ASKED)
    (again,) = make_sources([name], around)
    assert again.fingerprint == before == source.fingerprint
    again.close()
    again.close()


def test_it_is_named_where_a_value_came_from(source: FeatureSource, name: str) -> None:
    table = look_up_everywhere(ASKED, [source])
    found = table.filter(status=FOUND)
    assert table.height == ASKED.height
    assert set(found["source"]) == {name}
