"""`recsys up` for real: both servers, the job in one click, and nothing left behind."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, expect

from recsys_dagster_tests.browsing import PATIENCE, chromium, free_port, page_at
from recsys_dagster_tests.commands import COMMAND, environment, recsys
from recsys_dagster_tests.conftest import make_demo

pytestmark = [pytest.mark.slow, pytest.mark.browser]
READY_WITHIN = 120


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@contextmanager
def up(data_dir: Path, ports: tuple[int, int]) -> Iterator[subprocess.Popen[str]]:
    """`recsys up` until it says that it is ready; ended by its own process id."""
    options = ["--pipeline-port", str(ports[0]), "--app-port", str(ports[1])]
    server = subprocess.Popen(
        [*COMMAND, "up", *options, "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    try:
        _wait_for("Ctrl-C stops both", server)
        yield server
    finally:
        if server.poll() is None:
            server.terminate()
        server.wait(30)
        if server.stdout:
            server.stdout.close()


def _wait_for(words: str, server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    deadline = time.monotonic() + READY_WITHIN
    for line in server.stdout:
        if words in line:
            return
        assert time.monotonic() < deadline
    pytest.fail("recsys up ended")


def test_the_job_works_in_one_click(browser: Browser, tmp_path: Path) -> None:
    """On a folder where nothing was ever materialised."""
    data, ports, errors = tmp_path / "data", (free_port(), free_port()), list[str]()
    make_demo(data)
    with up(data, ports) as server:
        family = psutil.Process(server.pid).children(recursive=True)
        job = f"http://127.0.0.1:{ports[0]}/locations/recsys_dagster/jobs/everything"
        with page_at(browser, job, errors) as page:
            page.get_by_role("button", name="Materialize all").click()
            _wait_for_release(data)
            page.goto(f"http://127.0.0.1:{ports[0]}/runs")
            expect(page.get_by_text("Success").first).to_be_visible(timeout=PATIENCE)
            page.screenshot(path=tmp_path / "runs.png")
        with page_at(browser, f"http://127.0.0.1:{ports[1]}", errors) as page:
            expect(page.get_by_role("heading", name="Discover")).to_be_visible(timeout=PATIENCE)
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    status = recsys("status", "--json", "--data-dir", data).json
    assert (status["listens"], status["pending_batches"]) == (12_000, 0)


def _wait_for_release(data: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not (data / "releases" / "CURRENT").exists():
        assert time.monotonic() < deadline, "no release came"
        time.sleep(0.5)


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = recsys("up", "--app-port", port, "--data-dir", tmp_path / "data")
    assert done.code == 1
    assert f"Port {port} is taken" in done.err
