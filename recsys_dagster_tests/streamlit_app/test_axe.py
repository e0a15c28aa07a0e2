"""Every page of the real app under axe, in both themes; and a click on the song map."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from recsys_dagster_tests.browsing import chromium, page_at
from recsys_dagster_tests.streamlit_app.test_browser import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNTED = {"moderate", "serious", "critical"}
PAGES = {
    "Discover": ".st-key-radar svg",
    "My taste": ".st-key-sound svg",
    "Song map": ".st-key-map canvas",
    "Quality": ".st-key-curve svg",
    "Pipeline": ".st-key-coverage svg",
}
"""Each page, and what is there when all of it is."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def findings(page: Page) -> list[str]:
    """What axe holds against a page, where it is more than minor."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in COUNTED
        for node in one["nodes"]
    ]


THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def test_no_page_has_serious_findings(browser: Browser, demo_world: Path, tmp_path: Path) -> None:
    errors: list[str] = []
    with served(demo_world, tmp_path / "app.log") as address:
        for theme in THEMES:
            with page_at(browser, f"{address}/?songs=0,1", errors, theme) as page:
                for name, last in PAGES.items():
                    page.get_by_role("link", name=name, exact=True).click()
                    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
                    expect(page.locator(last).first).to_be_visible()
                    assert findings(page) == [], (theme, name)
                if theme == THEMES[0]:
                    _press_a_song(page)
    assert errors == []
    assert "Traceback" not in (tmp_path / "app.log").read_text(encoding="utf-8")


def _press_a_song(page: Page) -> None:
    """Press the middle of the map until a song is hit: it becomes a pick."""
    page.get_by_role("link", name="Song map", exact=True).click()
    chart = page.locator(".st-key-map canvas").first
    expect(chart).to_be_visible()
    expect(page.locator("[class*=st-key-drop-]")).to_have_count(2)
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    added = page.locator("[class*=st-key-drop-]").nth(2)
    for step in range(60):
        across, up = 0.45 + step % 10 * 0.02, 0.4 + step // 10 * 0.02
        page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * up)
        page.wait_for_timeout(100)
        if added.count():
            break
    expect(added).to_be_visible()
