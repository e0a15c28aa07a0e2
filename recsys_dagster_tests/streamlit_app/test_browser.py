"""The real app on a real released demo world, in a real browser."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import streamlit_app
from recsys_dagster_tests.browsing import PATIENCE, chromium, free_port, page_at

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROJECT = Path(streamlit_app.__file__).parents[1]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def errors() -> list[str]:
    """What the browser's console calls an error."""
    return []


@contextmanager
def served(data_dir: Path, log: Path) -> Iterator[str]:
    """The app as its own process; gives its address, and ends it by its process group."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app/app.py"]
    command += ["--server.port", str(port), "--server.fileWatcherType", "none"]
    with log.open("wb") as file:
        server = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, "RECSYS_DATA_DIR": str(data_dir)},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_healthy(server, address, log)
            yield address
        finally:
            _end(server)


def test_the_journey(browser: Browser, demo_world: Path, tmp_path: Path, errors: list[str]) -> None:
    log = tmp_path / "app.log"
    with served(demo_world, log) as address, page_at(browser, address, errors) as page:
        expect(page.get_by_role("heading", name="Discover")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("A made-up demo world.")).to_be_visible()
        titles = page.locator(".st-key-starters strong")
        expect(titles).to_have_count(9, timeout=PATIENCE)
        for title in titles.all_inner_texts()[:2]:
            _pick_by_typing(page, title)
        expect(page.locator("[class*=st-key-result-]")).to_have_count(10, timeout=PATIENCE)
        expect(page.locator(".st-key-radar [data-testid=stEChartsChart] svg")).to_be_visible(
            timeout=PATIENCE
        )
        page.locator(".st-key-why-1 button").click()
        expect(page.get_by_text("What your songs brought")).to_be_visible()
        page.keyboard.press("Escape")
        shared = page.url
        page.screenshot(path=tmp_path / "discover.png")
        page.get_by_role("link", name="Quality").click()
        expect(page.get_by_role("heading", name="Methods compared")).to_be_visible()
        expect(page.locator(".st-key-bars [data-testid=stEChartsChart] svg")).to_be_visible()
        expect(page.locator(".st-key-curve [data-testid=stEChartsChart] svg")).to_be_visible()
        page.screenshot(path=tmp_path / "quality.png")
        with page_at(browser, shared, errors) as other:
            expect(other.locator("[class*=st-key-drop-]")).to_have_count(2, timeout=PATIENCE)
    assert errors == []
    assert "Traceback" not in log.read_text(encoding="utf-8")


def test_the_first_release_is_noticed_without_a_restart(
    browser: Browser, demo_world: Path, tmp_path: Path, errors: list[str]
) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    with (
        served(data_dir, tmp_path / "app.log") as address,
        page_at(browser, address, errors) as page,
    ):
        expect(page.get_by_role("heading", name="Nothing released yet")).to_be_visible(
            timeout=PATIENCE
        )
        shutil.copytree(demo_world / "releases", data_dir / "releases")
        expect(page.get_by_role("heading", name="Discover")).to_be_visible(timeout=2 * PATIENCE)
    assert errors == []


def _pick_by_typing(page: Page, title: str) -> None:
    """Type a title without Enter, and add the match."""
    picked = page.locator("[class*=st-key-drop-]").count()
    box = page.get_by_label("Search for a song or an artist")
    box.fill("")
    box.press_sequentially(title)
    found = page.locator(".st-key-matches [data-testid=stGridCell]").filter(has_text=title)
    found.get_by_role("button", name="Add", exact=True).first.click()
    expect(page.locator("[class*=st-key-drop-]")).to_have_count(picked + 1, timeout=PATIENCE)


def _wait_until_healthy(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"The app did not start: {log.read_text(encoding='utf-8')[-2000:]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    for sign, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(server.pid, sign)
            server.wait(timeout=patience)
        except ProcessLookupError:
            server.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue
        return
