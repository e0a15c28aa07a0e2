"""Worlds of any size come out whole."""

import csv
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.demo import DemoConfig, DemoSummary, write_demo
from recsys_dagster.demo.sessions import MINUTES, make_sessions
from recsys_dagster_tests.demo.conftest import read_history
from recsys_dagster_tests.tiers import examples


@st.composite
def configs(draw: st.DrawFn) -> DemoConfig:
    users = draw(st.integers(1, 60))
    return DemoConfig(
        users=users,
        songs=draw(st.integers(20, 400)),
        listens=draw(st.integers(users, users * 100)),
        seed=draw(st.integers(0, 2**40)),
        coverage=draw(st.floats(0.001, 1)),
        respelled=draw(st.floats(0, 1)),
    )


@settings(max_examples=examples(25))
@given(configs())
def test_any_size_is_met_exactly(config: DemoConfig) -> None:
    with TemporaryDirectory() as directory:
        summary = write_demo(Path(directory), Path(directory), config)
        _require_whole(config, summary)


def test_the_smallest_world(tmp_path: Path) -> None:
    config = DemoConfig(users=1, songs=20, listens=20)
    _require_whole(config, write_demo(tmp_path, tmp_path, config))


def test_one_listener_can_fill_two_years() -> None:
    sessions = make_sessions(np.array([3, 15_000 * 8, 1]), np.random.default_rng(0))
    owner = np.repeat(sessions.owner, sessions.sizes)
    for person in range(3):
        minutes = sessions.minutes[owner == person]
        assert np.all(np.diff(minutes) >= 3)
        assert minutes[0] >= 0
        assert minutes[-1] < MINUTES


def test_many_chunks_number_rows_and_listeners_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys_dagster.demo.writing.CHUNK_LISTENS", 500)
    config = DemoConfig(users=40, songs=100, listens=4_001)
    summary = write_demo(tmp_path, tmp_path, config)
    _require_whole(config, summary)
    history = read_history(summary.history)
    assert history["Username"].is_sorted()
    assert history["song"].n_unique() == summary.songs_played


def test_progress_counts_every_listen(tmp_path: Path) -> None:
    counter = _Counter()
    write_demo(tmp_path, tmp_path, DemoConfig(users=9, songs=50, listens=600_000 // 9), counter)
    assert counter.done == counter.total == 600_000 // 9


@pytest.mark.slow
def test_a_million_listens(tmp_path: Path) -> None:
    config = DemoConfig(users=1_000, songs=20_000, listens=1_000_000)
    summary = write_demo(tmp_path, tmp_path, config)
    history = read_history(summary.history)
    assert history.height == 1_000_000
    assert history["Username"].n_unique() == 1_000
    assert history["song"].n_unique() == summary.songs_played > 18_000
    assert history[""].to_list() == [str(row) for row in range(1_000_000)]


def _require_whole(config: DemoConfig, summary: DemoSummary) -> None:
    with summary.history.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["", "Username", "Artist", "Track", "Album", "Date", "Time"]
    assert [row[0] for row in rows[1:]] == [str(row) for row in range(config.listens)]
    assert len(Counter(row[1] for row in rows[1:])) == config.users
    assert all(len(row) == 7 and all(row) for row in rows[1:])
    assert summary.songs == config.songs
    with summary.features.open(encoding="utf-8", newline="") as file:
        assert sum(1 for _ in csv.reader(file)) - 1 == summary.catalogue_rows >= 1


class _Counter:
    """A progress, its own task and its own context, which adds up."""

    def __init__(self) -> None:
        self.total = self.done = 0

    def task(self, description: str, total: int) -> "_Counter":  # noqa: ARG002
        self.total = total
        return self

    def advance(self, steps: int = 1, note: str = "") -> None:  # noqa: ARG002
        self.done += steps

    def __enter__(self) -> "_Counter":
        return self

    def __exit__(self, *_: object) -> None:
        pass
