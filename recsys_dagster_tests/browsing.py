"""A real headless Chromium, and free ports for what it looks at."""

import os
import random
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # milliseconds; a loaded machine is slow, a broken page never comes
expect.set_options(timeout=PATIENCE)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; skips the test where there is none, unless one is required."""
    path = shutil.which("chromium")
    if path is None:
        reason = "there is no chromium on PATH"
        if os.environ.get("RECSYS_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def page_at(
    browser: Browser,
    address: str,
    errors: list[str],
    theme: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    """A page of its own; what its console calls an error goes into `errors`."""
    size: ViewportSize = {"width": 1280, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(address)
        yield page
    finally:
        context.close()


_GIVEN: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that nobody gets who asks for any."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            if port not in _GIVEN:
                _GIVEN.add(port)
                return port
    pytest.fail("there is no free port")
