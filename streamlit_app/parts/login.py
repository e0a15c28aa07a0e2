"""The sign-in: who may open the app, where the settings name anybody.

It is asked before a page runs. Whatever is wrong closes the app and is said.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st
from streamlit.errors import StreamlitAuthError

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import load_settings
from streamlit_app.parts.frame import WIDTH
from streamlit_app.parts.words import plain

EVERYBODY, OFF = "*", "off"
NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
LIBRARIES = ("authlib", "httpx")
_UNREADABLE = "Streamlit's secrets.toml cannot be read. The log of the app says why."
_HELP = "docs/app.md says how to set up the sign-in."


def require() -> None:
    """Stop here unless this visitor may see the app; those who signed in get a way out."""
    try:
        allowed = load_settings().login
        secrets = _secrets()
    except RecsysError as error:
        _closed(str(error))
    if allowed == (OFF,) or (not allowed and not secrets):
        return
    if trouble := misconfigured(allowed, secrets):
        _closed(trouble)
    if not st.user.get("is_logged_in"):
        _ask()
    if not may_enter(st.user, allowed):
        _refused()
    with (
        _middle(),
        st.container(
            horizontal=True,
            horizontal_alignment="right",
            vertical_alignment="center",
            key="signed-in",
        ),
    ):
        st.caption(plain(_who(), 60), width="content")
        st.button("Sign out", type="tertiary", key="sign-out", on_click=st.logout)


def misconfigured(allowed: Collection[str], secrets: Mapping[str, Any]) -> str | None:
    """What is wrong with the sign-in, in words; `None` when nothing is."""
    if not allowed:
        return (
            "secrets.toml sets up a sign-in, but RECSYS_LOGIN does not say who may come in. "
            "Name them there, or set it to off to open the app to everybody who can reach it."
        )
    if any(find_spec(name) is None for name in LIBRARIES):
        return (
            "RECSYS_LOGIN is set, but the sign-in is not installed: "
            "`python3 -m uv sync --extra login`, or pip install 'recsys-dagster[login]'."
        )
    if missing := [name for name in NEEDED if not secrets.get(name)]:
        return (
            f"RECSYS_LOGIN is set, but [auth] in Streamlit's secrets.toml lacks "
            f"{', '.join(missing)}."
        )
    return None


def may_enter(user: Mapping[str, Any], allowed: Collection[str]) -> bool:
    """Whether somebody who signed in is among those who are named.

    An address counts unless the sign-in says that it was never verified.
    """
    if EVERYBODY in allowed:
        return True
    email = user.get("email")
    if not isinstance(email, str) or user.get("email_verified") in (False, "false"):
        return False
    _, at, domain = email.casefold().rpartition("@")
    return email.casefold() in allowed or (bool(domain) and at + domain in allowed)


def _secrets() -> dict[str, Any]:
    """The section `[auth]` of `secrets.toml`; empty where there is none.

    A file that cannot be read must not open the app. What is wrong in it is not said here, as
    everybody sees this.
    """
    try:
        if not st.secrets.load_if_toml_exists():
            if any(Path(path).exists() for path in st.config.get_option("secrets.files")):
                raise RecsysError(_UNREADABLE)
            return {}
        return dict(st.secrets.get("auth", {}))
    except (OSError, ValueError, TypeError):
        raise RecsysError(_UNREADABLE) from None


def _ask() -> NoReturn:
    with _middle():
        st.title("Sign in", anchor=False)
        st.markdown("This app is for those whom its owner lets in.")
        if st.button("Sign in", icon=":material/login:", key="sign-in"):
            try:
                st.login()
            except StreamlitAuthError as error:
                st.warning(plain(f"{error} {_HELP}", 600), icon=":material/lock:")
    st.stop()


def _refused() -> NoReturn:
    with _middle():
        st.title("Not for this account", anchor=False)
        st.warning(
            f"{plain(_who(), 60)} is not among those who may open this app.",
            icon=":material/lock:",
        )
        st.button("Sign out", key="sign-out", on_click=st.logout)
    st.stop()


def _closed(why: str) -> NoReturn:
    with _middle():
        st.title("Closed", anchor=False)
        st.warning(plain(why, 600), icon=":material/lock:")
        st.caption(_HELP)
    st.stop()


def _who() -> str:
    return str(st.user.get("email") or st.user.get("name") or "This account")


@contextmanager
def _middle() -> Iterator[None]:
    """The column that pages have too."""
    with st.container(horizontal_alignment="center", key="login"), st.container(width=WIDTH):
        yield
