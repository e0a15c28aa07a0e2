"""`recsys up` for real: the servers, the job in one click, deaths, and nothing left behind."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import pytest
import requests
from playwright.sync_api import Browser, expect

from recsys_dagster_tests.browsing import chromium, free_port, page_at
from recsys_dagster_tests.commands import COMMAND, environment, recsys
from recsys_dagster_tests.conftest import make_demo

pytestmark = [pytest.mark.slow, pytest.mark.browser]
READY_WITHIN = 200


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
        _wait_for("Ctrl-C stops all", server)
        yield server
    finally:
        if server.poll() is None:
            server.terminate()
        server.wait(60)
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


@pytest.mark.timeout(600)
def test_the_job_works_in_one_click_and_what_is_killed_comes_back(
    browser: Browser, tmp_path: Path
) -> None:
    """On a folder where nothing was ever materialised."""
    data, ports, errors = tmp_path / "data", (free_port(), free_port()), list[str]()
    make_demo(data, users=20, songs=800, listens=4_000)
    pipeline, app = (f"http://127.0.0.1:{port}" for port in ports)
    with up(data, ports) as server:
        job = f"{pipeline}/locations/recsys_dagster/jobs/everything"
        with page_at(browser, job, errors) as page:
            page.get_by_role("button", name="Materialize all").click()
            _wait_until((data / "releases" / "CURRENT").exists)
            page.goto(f"{pipeline}/runs")
            expect(page.get_by_text("Success").first).to_be_visible(timeout=1_000 * READY_WITHIN)
        _refuse_strangers(app)
        _refuse_strangers_of_the_pipeline(pipeline)
        _kill(server)
        with page_at(browser, app, errors) as page:
            expect(page.get_by_role("heading", name="Discover")).to_be_visible()
        _wait_until(lambda: _knows_the_job(pipeline))
        family = psutil.Process(server.pid).children(recursive=True)
        assert len(family) >= 5  # the four servers, and the keeper
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    assert not psutil.wait_procs(family, timeout=0)[1]
    status = recsys("status", "--json", "--data-dir", data).json
    assert (status["listens"], status["pending_batches"]) == (4_000, 0)


def _kill(server: subprocess.Popen[str]) -> None:
    """SIGKILL to the app and to what UI and daemon share; wait until both run and answer again."""
    assert server.stdout is not None
    before = [_named(server, name) for name in ("streamlit", "code_server")]
    for process in before:
        process.kill()
    killed = {server.stdout.readline().split(" was ended by SIGKILL")[0] for _ in before}
    assert killed == {"The app", "The code server"}
    _wait_until(lambda: _named(server, "streamlit").net_connections())
    _wait_until(lambda: _answers(Path(_named(server, "code_server").cmdline()[-1])))


def _answers(socket_file: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(socket_file)) == 0


def _knows_the_job(pipeline: str) -> bool:
    query = """{repositoryOrError(repositorySelector: {
        repositoryName: "__repository__", repositoryLocationName: "recsys_dagster"
    }) {... on Repository {jobs {name}}}}"""
    answer = requests.post(f"{pipeline}/graphql", json={"query": query}, timeout=30).json()
    return {"name": "everything"} in answer["data"]["repositoryOrError"].get("jobs", [])


def _wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while True:
        with suppress(psutil.NoSuchProcess, StopIteration):
            if condition():
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _named(server: subprocess.Popen[str], word: str) -> psutil.Process:
    children = psutil.Process(server.pid).children()
    return next(child for child in children if word in " ".join(child.cmdline()))


def _refuse_strangers(app: str) -> None:
    """Other websites can neither open a session nor send a file with a visitor's browser."""
    stranger = {"Origin": "https://else.example"}
    ask = partial(requests.request, timeout=30)
    assert ask("PUT", f"{app}/_stcore/upload_file/a/b", files={"f": b"x"}).status_code == 403
    answer = ask("GET", f"{app}/_stcore/health", headers=stranger)
    assert (answer.status_code, answer.headers.get("Access-Control-Allow-Origin")) == (200, None)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    for origin, code in ((stranger, 403), ({"Origin": app}, 101)):
        headers = {**upgrade, **origin}
        with ask("GET", f"{app}/_stcore/stream", headers=headers, stream=True) as answer:
            assert answer.status_code == code


def _refuse_strangers_of_the_pipeline(pipeline: str) -> None:
    """Neither a form of another page, nor one whose name was made to lead here."""
    ask = partial(requests.post, f"{pipeline}/graphql", json={"query": "{version}"}, timeout=30)
    strangers = ({"Origin": "https://else.example"}, {"Host": "else.example"})
    assert [ask(headers=headers).status_code for headers in (*strangers, {})] == [403, 403, 200]


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = recsys("up", "--app-port", port, "--data-dir", tmp_path / "data")
    assert done.code == 1
    assert f"Port {port} is taken" in done.err
