"""The app as a visitor drives it, without a browser."""

import tomllib
from functools import cache
from pathlib import Path

from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

import streamlit_app

APP = Path(streamlit_app.__file__).with_name("app.py")
_SETTINGS = tomllib.loads((APP.parent / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
# `streamlit run` reads them from beside the app; `AppTest` does not.
config.set_option("runner.magicEnabled", _SETTINGS["runner"]["magicEnabled"])
# A server looks once for components among all that is installed; `AppTest` does for each visitor.
_scan = cache(manifest_scanner.scan_component_manifests)
manifest_scanner.scan_component_manifests = _scan


def app(songs: str | None = None) -> AppTest:
    """The app, at an address that may hold picked songs; not run yet."""
    test = AppTest.from_file(APP, default_timeout=30)
    if songs is not None:
        test.query_params["songs"] = songs
    return test


def run(test: AppTest) -> AppTest:
    """Run it; an exception on the page fails the test."""
    test.run()
    assert not test.exception, [each.message for each in test.exception]
    return test


def page(name: str, **address: str) -> AppTest:
    """A page of the app by the name of its file, at an address; not run yet."""
    test = AppTest.from_file(APP, default_timeout=30)
    for key, value in address.items():
        test.query_params[key] = value
    return test.switch_page(f"app_pages/{name}.py")


def press(test: AppTest, key: str) -> AppTest:
    test.button(key=key).click()
    return run(test)


def search(test: AppTest, text: str) -> AppTest:
    test.text_input(key="search").set_value(text)
    return run(test)


def keys(test: AppTest, prefix: str) -> list[str]:
    """The keys of the buttons that begin so."""
    return [str(button.key) for button in test.button if str(button.key).startswith(prefix)]


def words(test: AppTest) -> str:
    """Everything the page says in notices, titles, paragraphs and captions."""
    parts = (test.title, test.markdown, test.caption, test.info, test.warning, test.toast)
    return "\n".join(str(each.value) for part in parts for each in part)


def shown(test: AppTest, kind: str) -> list[str]:
    """How many elements of a kind are shown, by their type name."""
    return [str(each.type) for each in test.get(kind)]
