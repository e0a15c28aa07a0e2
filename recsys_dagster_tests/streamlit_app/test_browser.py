"""The real app on a real released demo world, in a real browser."""

import csv
import os
import re
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
from recsys_dagster.recommend import Recommender
from recsys_dagster_tests.browsing import PATIENCE, chromium, free_port, page_at

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RESULTS = "[class*=st-key-result-]"
PICKED = "[class*=st-key-drop-]"
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
        expect(page.get_by_role("heading", name="Discover")).to_be_visible()
        expect(page.get_by_text("A made-up demo world.")).to_be_visible()
        expect(page.locator(".st-key-pack-0 button").first).to_be_visible()
        page.screenshot(path=tmp_path / "start.png")
        for title in _known_titles(demo_world):
            _pick_by_typing(page, title)
        expect(page.locator(RESULTS)).to_have_count(10)
        expect(page.locator(".st-key-radar [data-testid=stEChartsChart] svg")).to_be_visible()
        page.locator(".st-key-why-1 button").click()
        expect(page.get_by_text("What your songs brought")).to_be_visible()
        page.keyboard.press("Escape")
        _steer_and_refine(page)
        _take_along(page, tmp_path)
        with page_at(browser, page.url, errors) as other:
            _is_the_same_list(page, other)
        _change_theme_and_size(page, tmp_path)
        _look_at_quality(page, tmp_path)
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
        expect(page.get_by_role("heading", name="Nothing released yet")).to_be_visible()
        shutil.copytree(demo_world / "releases", data_dir / "releases")
        expect(page.get_by_role("heading", name="Discover")).to_be_visible(timeout=2 * PATIENCE)
    assert errors == []


def _known_titles(demo_world: Path) -> list[str]:
    """Three titles that can be misspelt and meant all the same."""
    titles = [song.title for song in Recommender.open(demo_world).popular(40)]
    return [title for title in titles if len(title) > 10 and title.isascii()][:3]


def _pick_by_typing(page: Page, title: str) -> None:
    """Type a title without Enter, two of its letters swapped, and add the match."""
    picked = page.locator(PICKED).count()
    box = page.get_by_label("Search for a song or an artist")
    box.fill("")
    box.press_sequentially(title[:4] + title[4:6][::-1] + title[6:])
    found = page.locator(".st-key-matches [data-testid=stGridCell]").filter(has_text=title)
    found.get_by_role("button", name="Add", exact=True).first.click()
    expect(page.locator(PICKED)).to_have_count(picked + 1)


def _steer_and_refine(page: Page) -> None:
    """Ask for livelier songs, leave out the first, and take the next one in."""
    slider = page.locator(".st-key-energy input")
    slider.focus()
    slider.press("ArrowRight")
    expect(page.locator(".st-key-energy").get_by_text("Livelier", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("energy=Livelier"))
    _settle(page)
    first = page.locator(".st-key-result-1 strong").nth(1)
    for thumb, comes in (("Thumbs down", "[class*=st-key-back-]"), ("Thumbs up", PICKED)):
        there, title = page.locator(comes).count(), first.inner_text()
        page.locator(".st-key-result-1").get_by_role("radio", name=thumb).click()
        # The first chip of what is left out comes with a button that takes all back.
        more = 2 if thumb == "Thumbs down" else 1
        expect(page.locator(comes)).to_have_count(there + more)
        expect(first).not_to_have_text(title)
        _settle(page)
    expect(page).to_have_url(re.compile(r"without=\d+"))


def _settle(page: Page) -> None:
    """Wait until what was asked for last, and has begun to show, has been drawn whole."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")


def _take_along(page: Page, folder: Path) -> None:
    page.locator(".st-key-take button").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    download.value.save_as(folder / "list.csv")
    with (folder / "list.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["title"] for row in rows] == _titles(page)
    page.keyboard.press("Escape")
    page.screenshot(path=folder / "discover.png")


def _titles(page: Page) -> list[str]:
    return page.locator(f"{RESULTS} strong").all_inner_texts()[1::2]


def _is_the_same_list(page: Page, other: Page) -> None:
    """What was shared shows the same songs, settings and what is left out elsewhere."""
    expect(other.locator(RESULTS)).to_have_count(10)
    _settle(other)
    expect(other.locator(PICKED)).to_have_count(4)
    expect(other.locator("[class*=st-key-back-]")).to_have_count(2)
    expect(other.locator(".st-key-energy").get_by_text("Livelier", exact=True)).to_be_visible()
    assert _titles(other) == _titles(page)


def _change_theme_and_size(page: Page, folder: Path) -> None:
    """The dark theme and a phone's width: nothing leaves the page at the side."""
    background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    light = page.evaluate(background)
    page.get_by_test_id("stMainMenu").locator("button").first.click()
    page.get_by_role("menuitemradio", name="Dark").click()
    page.keyboard.press("Escape")
    page.wait_for_function(f"before => {background} !== before", arg=light)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".st-key-result-1")).to_be_visible()
    page.locator(".st-key-result-1").scroll_into_view_if_needed()
    assert page.evaluate(
        "[...document.querySelectorAll('.stMain *')]"
        ".every(one => one.getBoundingClientRect().left < innerWidth)"
    )
    page.screenshot(path=folder / "phone.png")
    page.set_viewport_size({"width": 1280, "height": 900})


def _look_at_quality(page: Page, folder: Path) -> None:
    page.get_by_role("link", name="Quality").click()
    expect(page.get_by_role("heading", name="Methods compared")).to_be_visible()
    for chart in ("bars", "curve"):
        expect(page.locator(f".st-key-{chart} [data-testid=stEChartsChart] svg")).to_be_visible()
    page.screenshot(path=folder / "quality.png")


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
