"""A served Spotify, and its parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys_dagster.audio.answers import Answers
from recsys_dagster_tests.audio.asking_spotify import Clock, Make, World, spotify_world
from recsys_dagster_tests.audio.fake_spotify import FakeSpotify


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with spotify_world(tmp_path / "spotify.sqlite") as served:
        yield served


@pytest.fixture
def fake(world: World) -> FakeSpotify:
    return world.fake


@pytest.fixture
def clock(world: World) -> Clock:
    return world.clock


@pytest.fixture
def answers(world: World) -> Answers:
    return world.answers


@pytest.fixture
def make(world: World) -> Make:
    return world.make
