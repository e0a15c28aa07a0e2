"""Runs that are killed at any moment: nothing that was answered is asked again."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster_tests.audio.fake_reccobeats import (
    FakeReccobeats,
    made_up_world,
    questions_of,
)

SONGS = 2_000
KILLS = 6


@contextmanager
def filling(fake: FakeReccobeats, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has begun to fill; it does not outlive the block."""
    module = "recsys_dagster_tests.audio.filling"
    process = subprocess.Popen(
        [sys.executable, "-m", module, fake.url, str(folder), str(SONGS)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "filling\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def features(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "all.parquet", glob=False).drop("retry_at")


@pytest.mark.slow
def test_killed_again_and_again_it_asks_nothing_twice_but_what_was_under_way(
    tmp_path: Path,
) -> None:
    _, tracks = made_up_world(SONGS)
    with FakeReccobeats(tracks) as fake, filling(fake, tmp_path / "undisturbed") as process:
        assert process.wait(120) == 0
        undisturbed, requests = questions_of(fake.asked), len(fake.asked)
    moments = sorted(random.Random(0).sample(range(1, requests - 20), KILLS))
    ends = []
    with FakeReccobeats(tracks) as fake:
        for moment in moments:
            with filling(fake, tmp_path / "killed") as process:
                while len(fake.asked) < moment:
                    assert process.poll() is None
                    time.sleep(0.001)
            fake.settle()
            ends.append(len(fake.asked))
        with filling(fake, tmp_path / "killed") as process:
            assert process.wait(120) == 0
        asked = list(fake.asked)
    assert features(tmp_path / "killed").equals(features(tmp_path / "undisturbed"))
    assert set(questions_of(asked)) == set(undisturbed)
    assert ends[-1] < len(asked)
    under_way = {end - 1 for end in ends}
    settled = [one for number, one in enumerate(asked) if number not in under_way]
    assert set(questions_of(settled).values()) == {1}
