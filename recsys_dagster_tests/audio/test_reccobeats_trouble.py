"""ReccoBeats on its bad days: what a run does with them, and what the next one asks."""

import random
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.audio.sources.reccobeats_asking import DAY, LONGEST_BLOCK
from recsys_dagster.audio.sources.reccobeats_client import PATIENCE
from recsys_dagster.errors import RecsysError
from recsys_dagster.web.patience import Patience
from recsys_dagster_tests.audio.asking_reccobeats import (
    look_up,
    next_retry,
    run,
    songs_of,
    source_of,
)
from recsys_dagster_tests.audio.fake_reccobeats import (
    FakeReccobeats,
    MovedClock,
    made_up_world,
    questions_of,
    some_faults,
    spotify_id,
)
from recsys_dagster_tests.serving import Fault
from recsys_dagster_tests.tiers import examples

pytestmark = pytest.mark.slow

SONGS, TRACKS = made_up_world(120)
TWO = songs_of(("A", "by id", [spotify_id(1)]), ("A", "by title", None))


@pytest.fixture
def fake() -> Iterator[FakeReccobeats]:
    with FakeReccobeats(TRACKS) as server:
        yield server


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture(scope="module")
def undisturbed() -> pl.DataFrame:
    with FakeReccobeats(TRACKS) as server, tempfile.TemporaryDirectory() as folder:
        return known(run(server, Path(folder), MovedClock(), SONGS))


def known(table: pl.DataFrame) -> pl.DataFrame:
    return table.drop("retry_at")


def test_a_dead_service_is_soon_left_alone_for_an_hour(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock, undisturbed: pl.DataFrame
) -> None:
    started = clock.now
    fake.faults.extend([Fault(503)] * 50)
    table = run(fake, tmp_path, clock, SONGS)
    assert len(fake.asked) == 4
    assert 3 <= clock.now - started <= 4.5
    assert set(table["status"]) == {"error"}
    assert table["retry_at"].to_list() == [clock.now + 3600] * SONGS.height
    run(fake, tmp_path, clock, SONGS)
    assert len(fake.asked) == 4
    fake.faults.clear()
    clock.now += 3600
    assert known(run(fake, tmp_path, clock, SONGS)).equals(undisturbed)


def test_one_question_that_fails_does_not_stop_the_others(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.faults.extend([Fault(500)] * 3)
    table, remarks = look_up(fake, tmp_path, clock, SONGS)
    assert table["status"].to_list().count("error") == 30  # 40 ids, ten of them second ones
    assert "30 songs are without its answer" in remarks[0]
    assert "HTTP 500" in remarks[0]


def test_back_off_grows_with_jitter_and_retry_after_is_waited_for(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.faults.extend([Fault(500), Fault(drop=True), None, Fault(429, b"", {"Retry-After": "60"})])
    assert set(look_up(fake, tmp_path, clock, TWO)[0]["status"]) == {"found", "not_found"}
    first, second, asked = clock.slept
    assert 1 <= first <= 1.5
    assert 2 <= second <= 3
    assert asked == 60


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (Fault(429, {"status": 4291}, {"Retry-After": "86400"}), DAY),
        (Fault(429, b"", {"Retry-After": "61"}), 61),
        (Fault(503, b"", {"Retry-After": "7200"}), 7200),
        (Fault(403, b"error code: 1010"), DAY),
        (Fault(403, b"<html>", {"Retry-After": "7200"}), 7200),
        (Fault(403, b"", {"Retry-After": "0"}), 3600),
        (Fault(401, {"status": 4031}), DAY),
        (Fault(429, b"", {"Retry-After": "999999999"}), LONGEST_BLOCK),
    ],
    ids=repr,
)
def test_a_block_is_kept_and_said(
    fault: Fault, seconds: float, fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.faults.append(fault)
    until = clock.now + seconds
    table, remarks = look_up(fake, tmp_path, clock, TWO)
    assert table.select("status", "retry_at").rows() == [("blocked", until)] * 2
    assert remarks[0].startswith("ReccoBeats wants to be left alone until 2027-01-")
    assert "2 songs are without its answer" in remarks[0]
    assert clock.slept == []
    clock.now = until - 1
    table, again = look_up(fake, tmp_path, clock, TWO)
    assert table.select("status", "retry_at").rows() == [("blocked", until)] * 2
    assert again == remarks
    assert len(fake.asked) == 1
    clock.now = until
    assert look_up(fake, tmp_path, clock, TWO)[1] == []
    assert len(fake.asked) == 3


def test_a_block_of_a_day_ends_the_run_with_what_there_is(
    fake: FakeReccobeats, tmp_path: Path, undisturbed: pl.DataFrame
) -> None:
    clock, passed = MovedClock(), 20
    fake.faults.extend([*[None] * passed, Fault(429, b"", {"Retry-After": "86400"})])
    table = run(fake, tmp_path, clock, SONGS)
    assert clock.slept == []
    assert {"found", "blocked"} <= set(table["status"])
    blocked = table.filter(pl.col("status") == "blocked")
    assert set(blocked["retry_at"]) == {clock.now + DAY}
    assert len(fake.asked) == passed + 1
    before = questions_of(fake.asked[:passed])
    run(fake, tmp_path, clock, SONGS)
    assert len(fake.asked) == passed + 1
    clock.now += DAY
    assert known(run(fake, tmp_path, clock, SONGS)).equals(undisturbed)
    assert not before.keys() & questions_of(fake.asked[passed + 1 :]).keys()


@settings(max_examples=examples(15))
@given(seed=st.integers(0, 10**6), share=st.sampled_from([0.05, 0.3, 0.7]))
def test_whatever_goes_wrong_the_end_is_the_same_and_nothing_is_asked_twice(
    seed: int, share: float, undisturbed: pl.DataFrame
) -> None:
    clock = MovedClock()
    plan = some_faults(random.Random(seed), share, 400)
    with FakeReccobeats(TRACKS) as fake, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fake.faults.extend(plan)
        table = run(fake, folder, clock, SONGS)
        while "error" in set(table["status"]):
            clock.now = max(clock.now, next_retry(folder) or 0)
            table = run(fake, folder, clock, SONGS)
        assert known(table).equals(undisturbed)
        faults = [*plan, *[None] * len(fake.asked)]
        answered = [one for one, fault in zip(fake.asked, faults, strict=False) if fault is None]
        assert set(questions_of(answered).values()) == {1}
        asked = len(fake.asked)
        run(fake, folder, clock, SONGS)
        assert len(fake.asked) == asked


def test_nobody_there(tmp_path: Path, clock: MovedClock) -> None:
    with FakeReccobeats() as gone:
        pass
    table, remarks = look_up(gone, tmp_path, clock, TWO)
    assert table["status"].to_list() == ["error", "error"]
    assert "no connection" in remarks[0]


def test_an_address_that_is_none_is_said(tmp_path: Path, clock: MovedClock) -> None:
    class Elsewhere(FakeReccobeats):
        url = "not an address"

    with Elsewhere() as fake, pytest.raises(RecsysError, match="RECCOBEATS_API_URL"):
        look_up(fake, tmp_path, clock, TWO)


def test_silence_is_not_waited_out(tmp_path: Path) -> None:
    """A server that takes connections and never says a word."""
    patience = Patience(2, 0.2, 0.2, 0.4)
    with socket.create_server(("127.0.0.1", 0)) as silent:

        class Silent(FakeReccobeats):
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"

        with Silent() as fake, source_of(fake, tmp_path, time, patience=patience) as source:
            table = source.look_up(TWO.drop("batch"))
            remarks = source.remarks
    assert table["status"].to_list() == ["error", "error"]
    assert "ReadTimeout" in remarks[0]


def test_its_patience_leaves_a_run_well_under_a_minute() -> None:
    worst = (PATIENCE.tries + 1) * max(PATIENCE.connecting + PATIENCE.silence, PATIENCE.whole)
    back_off = sum(2.0**n for n in range(PATIENCE.tries - 1)) * (1 + PATIENCE.jitter)
    assert worst + back_off < 55


def test_a_source_counts_what_it_sends(fake: FakeReccobeats, tmp_path: Path) -> None:
    clock = MovedClock()
    fake.faults.extend([Fault(500), Fault(500)])
    with source_of(fake, tmp_path, clock) as source:
        source.look_up(TWO.drop("batch"))
        assert source.requests == len(fake.asked) == 4
