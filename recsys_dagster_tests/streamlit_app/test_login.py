from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.errors import StreamlitAuthError
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from recsys_dagster_tests.streamlit_app.driving import app, page, run, words
from recsys_dagster_tests.streamlit_app.fake import FakeShelf, serving
from streamlit_app.parts import login
from streamlit_app.parts.words import plain

pytestmark = pytest.mark.slow

AUTH = dict.fromkeys(login.NEEDED, "https://id.example/x")
ANNA = {"is_logged_in": True, "email": "Anna@Example.org", "email_verified": True}
PAGES = [path.stem for path in Path(login.__file__).parents[1].glob("app_pages/[!_]*.py")]


@pytest.fixture
def on(shelf: FakeShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in that is set up, for Anna and everybody at x.org; its library is there."""
    shelf.put(serving())
    monkeypatch.setenv("RECSYS_LOGIN", "anna@example.org, @x.org")
    monkeypatch.setattr(login, "find_spec", lambda _: object())


def visit(
    user: dict[str, Any] | None = None, name: str = "discover", auth: dict[str, str] = AUTH
) -> AppTest:
    test = page(name, songs="0")
    test.secrets = {"auth": auth}
    test.user = user or ANNA | {"is_logged_in": False}
    return run(test)


def titles(test: AppTest) -> list[str]:
    return [str(one.value) for one in test.title]


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("name", PAGES)
def test_no_page_shows_anything_before_the_sign_in(name: str) -> None:
    seen = visit(name=name)
    assert titles(seen) == ["Sign in"]
    assert [one.key for one in seen.button] == ["sign-in"]
    assert not seen.dataframe
    assert "Harbour" not in words(seen)


@pytest.mark.usefixtures("on")
def test_who_is_named_comes_in_and_can_go_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = visit(ANNA)
    assert titles(seen) == ["Discover"]
    assert "Anna" in words(seen)
    monkeypatch.setattr("streamlit.user_info.get_secrets_auth_section", lambda: AUTH)
    seen.button(key="sign-out").click()
    assert titles(run(seen)) == ["Sign in"]


@pytest.mark.usefixtures("on")
def test_others_do_not() -> None:
    seen = visit(ANNA | {"email": "<eve>@example.org"})
    assert titles(seen) == ["Not for this account"]
    assert plain("<eve>@example.org") in words(seen)
    assert [one.key for one in seen.button] == ["sign-out"]


@pytest.mark.parametrize(("allowed", "user", "enters"), [
    (("*",), {}, True),
    (("@x.org",), {"email": "b@X.org"}, True),
    (("@x.org",), {"email": "b@y.x.org"}, False),
    (("@x.org",), {"email": "@x.org.evil.org"}, False),
    (("@x.org",), {"email": "x.org"}, False),
    (("@x.org",), {"email": ""}, False),
    (("a@x.org",), {"email": "A@x.org", "email_verified": True}, True),
    (("a@x.org",), {"email": "a@x.org", "email_verified": False}, False),
    (("a@x.org",), {"email": "b@x.org"}, False),
    (("a@x.org",), {"email": ["a@x.org"]}, False),
    (("a@x.org",), {}, False),
    ((), {"email": "a@x.org"}, False),
])  # fmt: skip
def test_who_may_enter(allowed: tuple[str, ...], user: dict[str, Any], enters: bool) -> None:
    assert login.may_enter(user, allowed) is enters


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(("setting", "auth", "said"), [
    ("", AUTH, "does not say who may come in"),
    ("true", AUTH, "is no e-mail address"),
    ("*, anna@example.org", AUTH, "stand alone"),
    ("*", {"client_id": "x"}, "lacks redirect_uri, cookie_secret, client_secret"),
])  # fmt: skip
def test_what_is_set_up_wrong_closes_the_app_and_is_said(
    setting: str, auth: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_LOGIN", setting)
    seen = visit(ANNA, auth=auth)
    assert titles(seen) == ["Closed"]
    assert said in words(seen).replace("\\", "")
    assert not seen.button


def test_without_its_library_the_app_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in login.LIBRARIES:
        there = {one for one in login.LIBRARIES if one != name}
        monkeypatch.setattr(login, "find_spec", lambda one, there=there: one in there or None)
        assert "uv sync" in str(login.misconfigured(("*",), AUTH))


@pytest.mark.usefixtures("on")
def test_a_sign_in_that_cannot_begin_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise StreamlitAuthError("no <such> provider")

    monkeypatch.setattr(st, "login", fails)
    seen = visit()
    seen.button(key="sign-in").click()
    seen = run(seen)
    assert "<such>" in words(seen).replace("\\", "")
    assert titles(seen) == ["Sign in"]


def test_secrets_that_cannot_be_read_close_the_app_and_are_not_told(
    shelf: FakeShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put(serving())
    broken = tmp_path / "secrets.toml"
    broken.write_text('[auth]\ncookie_secret = planted-cookie\nclient_secret = "planted-oidc"')
    get_option = st.config.get_option
    there = {"secrets.files": [str(broken)]}
    monkeypatch.setattr(st.config, "get_option", lambda key: there.get(key) or get_option(key))
    monkeypatch.setattr(st, "secrets", Secrets())
    seen = run(app("0"))
    assert titles(seen) == ["Closed"]
    assert "cannot be read" in words(seen)
    assert "planted" not in words(seen)


@pytest.mark.parametrize(("setting", "secrets"), [("", {}), ("off", {"auth": AUTH})])
def test_it_is_off_unless_it_is_asked_for(
    setting: str, secrets: dict[str, Any], shelf: FakeShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put(serving())
    monkeypatch.setenv("RECSYS_LOGIN", setting)
    test = app("0")
    test.secrets = secrets
    seen = run(test)
    assert titles(seen) == ["Discover"]
    assert "sign-out" not in [one.key for one in seen.button]
