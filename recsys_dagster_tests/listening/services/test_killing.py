"""`kill -9` of a real `recsys fetch` in the middle of pages, and what it costs."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from recsys_dagster_tests.commands import COMMAND, environment, recsys
from recsys_dagster_tests.listening.services.fake_lastfm import KEY, FakeLastfm, Scrobble
from recsys_dagster_tests.listening.services.helpers import published

PAGES = 8


def fetch_and_kill(data: Path, fake: FakeLastfm, after: int) -> None:
    """Kill a fetch at once when `after` requests have come in."""
    process = subprocess.Popen(
        [*COMMAND, "fetch", "lastfm", "rj", "--data-dir", str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    while len(fake.asked) < after and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_a_kill_costs_at_most_one_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = [Scrobble(1_600_000_000 + number, title=f"Song {number}") for number in range(29)]
    monkeypatch.setenv("LASTFM_API_KEY", KEY)
    with FakeLastfm(rj=history) as fake:
        monkeypatch.setenv("LASTFM_API_URL", fake.url)
        fake.largest_page = 5
        fetch_and_kill(tmp_path, fake, 3)
        fetch_and_kill(tmp_path, fake, 6)
        assert not (tmp_path / "raw").exists()
        end = recsys("fetch", "lastfm", "rj", "--data-dir", tmp_path, "--json")
        asked = [(one.params.get("to"), one.params.get("from")) for one in fake.asked]
    assert end.code == 0
    assert end.json["new"] == end.json["total"] == 29
    assert [one["title"] for one in published(tmp_path, "lastfm", "rj")] == [
        one.title for one in history
    ]
    pages = [to for to, since in asked if since is None]
    assert len(set(pages)) == PAGES - 1
    assert len(pages) <= PAGES - 1 + 2
    assert len(asked) == len(pages) + 1  # what is new since the first page
