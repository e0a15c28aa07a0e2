"""The app, as its visitors meet it: pages in a browser, and many sessions at once.

python benchmarks/app.py [--songs N] [--sessions N] [--rounds N] [--json FILE]

A release of made-up songs is served by `streamlit run` in a process of its own.

first page   Chromium opens the app until its starter packs are drawn: "cold" is the first visit
             after the server answers, "new visitor" each later one in a browser with an empty
             cache, "warm" one in a browser that had the app open before
setting      a key press on a slider until the new list is drawn
sessions     so many websocket sessions, each of which opens the app with five songs, then moves
             a slider again and again, with a pause after each answer; the time from a
             request to the end of its run. The sessions speak Streamlit's own protocol.
memory       of the server's process after all that: what is its own, and with mapped files

The browser runs on the same cores as the server, and its share is in the times of pages.
"""

import argparse
import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from machine import describe_machine, versions_of, write_json
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from recommend import released
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

import streamlit_app

SLIDER = "Energy"
PATIENCE = 60_000
PROJECT = Path(streamlit_app.__file__).parent


@contextmanager
def served(data_dir: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The app on a free port, and its process; ended on the way out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py"),
               "--server.address", "127.0.0.1", "--server.port", str(port),
               "--server.headless", "true", "--server.fileWatcherType", "none",
               "--browser.gatherUsageStats", "false"]  # fmt: skip
    server = subprocess.Popen(
        command, env={**os.environ, "RECSYS_DATA_DIR": str(data_dir)}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port)
        yield port, server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def _wait(port: int) -> None:
    for _ in range(600):
        with suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
            return
        time.sleep(0.1)
    raise SystemExit("the app did not start")


def in_browser(port: int, songs: list[int], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of first pages and of changed settings."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            cold, *new = (_first_page(browser.new_context(), port) for _ in range(rounds + 1))
            same = browser.new_context()
            _, *warm = (_first_page(same, port) for _ in range(rounds + 1))
            return {
                "first page, cold": [cold],
                "first page, new visitor": new,
                "first page, warm": warm,
                "setting": _settings(browser, port, songs, rounds),
            }
        finally:
            browser.close()


def _first_page(context: BrowserContext, port: int) -> float:
    page = context.new_page()
    started = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}", wait_until="commit")
    page.locator(".st-key-packs button").first.wait_for(timeout=PATIENCE)
    taken = 1000 * (time.perf_counter() - started)
    page.close()
    return taken


def _settings(browser: Browser, port: int, songs: list[int], rounds: int) -> list[float]:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/?songs={','.join(map(str, songs))}")
    page.locator("[class*=st-key-result-]").first.wait_for(timeout=PATIENCE)
    slider = page.get_by_role("slider", name=SLIDER)
    page.wait_for_timeout(2000)
    slider.focus()
    return [_press(page, key) for key in ["ArrowRight", "ArrowLeft"] * rounds]


def _press(page: Page, key: str) -> float:
    """A key press until the app has run and drawn; measured inside the page."""
    page.evaluate(
        """() => {
            const app = document.querySelector('[data-testid=stApp]');
            window.taken = new Promise(done => {
                const started = performance.now(); let ran = false;
                new MutationObserver((_, seen) => {
                    const state = app.getAttribute('data-test-script-state');
                    ran = ran || state === 'running';
                    if (ran && state === 'notRunning') {
                        seen.disconnect();
                        requestAnimationFrame(() => done(performance.now() - started));
                    }
                }).observe(app, {attributes: true});
            });
        }"""
    )
    page.keyboard.press(key)
    taken = float(page.evaluate("() => window.taken"))
    page.wait_for_timeout(500)
    return taken


@dataclass
class Session:
    """A visitor's websocket session.

    Attributes
    ----------
    slider, places, fragment
        The widget that is moved, where it can stand, and the part of the page that it redraws.
    taken
        Milliseconds of each run.
    """

    socket: ClientConnection
    query: str
    slider: str = ""
    places: Sequence[str] = ()
    fragment: str = ""
    taken: list[float] = field(default_factory=list)

    async def run(self, place: int | None = None) -> None:
        """Let the app run, with the slider at a place, until it says that it is done."""
        message = BackMsg()
        message.rerun_script.query_string = self.query
        if place is not None:
            state = message.rerun_script.widget_states.widgets.add()
            state.id = self.slider
            state.string_array_value.data.append(self.places[place])
            message.rerun_script.fragment_id = self.fragment
        started = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while not self._finished(ForwardMsg.FromString(await self.socket.recv())):  # type: ignore[arg-type]
            pass
        self.taken.append(1000 * (time.perf_counter() - started))

    def _finished(self, message: ForwardMsg) -> bool:
        if message.WhichOneof("type") == "delta":
            element = message.delta.new_element
            if element.WhichOneof("type") == "slider" and element.slider.label == SLIDER:
                self.slider, self.places = element.slider.id, element.slider.options
                self.fragment = message.delta.fragment_id
            if element.WhichOneof("type") == "exception":
                raise SystemExit(f"the app failed: {element.exception.message}")
        return message.WhichOneof("type") == "script_finished"


async def _visit(port: int, query: str, wait: float, moves: int, pause: float) -> list[float]:
    await asyncio.sleep(wait)
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    async with connect(address, subprotocols=["streamlit"], max_size=None) as opened:  # type: ignore[list-item]
        session = Session(opened, query)
        await session.run()
        if not session.slider:
            raise SystemExit(f"the page has no slider {SLIDER!r}")
        for move in range(moves):
            await asyncio.sleep(pause)
            await session.run((1, 3)[move % 2])
        return session.taken


async def _swarm(port: int, songs: list[list[int]], moves: int, pause: float) -> list[list[float]]:
    rng = np.random.default_rng(0)
    visits = [
        _visit(
            port, f"songs={','.join(map(str, seeds))}", float(rng.uniform(0, pause)), moves, pause
        )
        for seeds in songs
    ]
    return await asyncio.gather(*visits)


def in_swarm(port: int, songs: list[list[int]], moves: int, pause: float) -> dict[str, list[float]]:
    """Milliseconds of opening the app and of moving a slider, with all sessions at once."""
    found = asyncio.run(_swarm(port, songs, moves, pause))
    name = f"{len(songs)} sessions"
    return {f"{name}, opening": [one[0] for one in found],
            f"{name}, setting": [one for taken in found for one in taken[1:]]}  # fmt: skip


def memory(process: int) -> dict[str, float]:
    """Megabytes of a process: its own, and all that is resident."""
    rows = dict(
        line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines()
    )
    return {name: int(rows[row].split()[0]) / 1024
            for name, row in (("own", "RssAnon"), ("resident", "VmRSS"))}  # fmt: skip


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--songs", type=int, default=30_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--moves", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between settings")
    parser.add_argument("--keep", type=Path, help="where releases are kept for the next time")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(2)
    with tempfile.TemporaryDirectory() as folder:
        made = (options.keep or Path(folder) / "made").resolve()
        released(made, options.songs, options.epochs)
        (Path(folder) / "releases").symlink_to(made / str(options.songs))
        seeds = rng.integers(0, options.songs // 10, (options.sessions, 5)).tolist()
        with served(Path(folder)) as (port, server):
            times = in_browser(port, seeds[0], options.rounds)
            times |= in_swarm(port, seeds, options.moves, options.pause)
            used = memory(server.pid)
    for name, taken in times.items():
        print(f"{name:24} p50 {statistics.median(taken):7.0f} ms   "
              f"p95 {np.quantile(taken, 0.95):7.0f} ms   of {len(taken)}")  # fmt: skip
    print(f"memory: {used['own']:.0f} MB its own, {used['resident']:.0f} MB with mapped files")
    if options.json:
        rows = {name: {"p50_ms": statistics.median(taken), "all_ms": taken}
                for name, taken in times.items()}  # fmt: skip
        write_json(
            {"songs": options.songs, "pause": options.pause, "rows": rows, "memory_mb": used,
             "machine": describe_machine(),
             "versions": versions_of(["recsys-dagster", "streamlit"])}, options.json,
        )  # fmt: skip


if __name__ == "__main__":
    main()
