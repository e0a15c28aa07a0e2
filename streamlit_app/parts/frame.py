"""What every page has around it: the release it shows, the notices and the footer."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from recsys_dagster.errors import RecsysError
from streamlit_app.parts import first_steps, saving
from streamlit_app.parts.release import Standing, open_current, standing
from streamlit_app.parts.serving import Serving
from streamlit_app.parts.words import age, count, plain

WIDTH = 1120


@contextmanager
def page(title: str, lead: str) -> Iterator[Serving]:
    """Draw a page's frame and give the release to fill it with.

    Where there is none yet the page says what to do and stops here.
    """
    with _middle():
        now = standing()
        watch(now)
        serving = _open_or_explain(now)
        _announce(serving)
        saving.come_back()
        _head(title, lead)
        _notices(serving)
        yield serving
        _footer(serving)


@contextmanager
def column(title: str, lead: str) -> Iterator[None]:
    """Draw the frame of a page that needs no release."""
    with _middle():
        _head(title, lead)
        yield


@contextmanager
def _middle() -> Iterator[None]:
    with (
        st.container(horizontal_alignment="center", key="page"),
        st.container(width=WIDTH, key="column"),
    ):
        yield


def _head(title: str, lead: str) -> None:
    st.title(title, anchor=False)
    st.markdown(lead)


@st.fragment(run_every=10)
def watch(shown: Standing) -> None:
    """Notice a new release by itself, and draw the page again."""
    if standing() != shown:
        st.rerun()


def _open_or_explain(now: Standing) -> Serving:
    try:
        serving = open_current(now)
    except RecsysError as error:
        first_steps.damaged(str(error))
        st.stop()
    if serving is None:
        first_steps.nothing_released()
        st.stop()
    return serving


def _announce(serving: Serving) -> None:
    before = st.session_state.get("release_shown")
    st.session_state["release_shown"] = serving.release_id
    if before not in (None, serving.release_id):
        st.toast("A new release is here; you see it now.", icon=":material/new_releases:")


def _notices(serving: Serving) -> None:
    if serving.trouble:
        st.warning(
            "The current release cannot be opened, so you see another one, the last that is whole. "
            + plain(serving.trouble),
            icon=":material/healing:",
        )
    if serving.demo:
        st.info(
            "**A made-up demo world.** Artists, songs and listeners here are invented. For your "
            "own: `recsys import FILE…`, then `recsys run`.",
            icon=":material/science:",
        )


def _footer(serving: Serving) -> None:
    st.divider()
    figures = [
        count(int(serving.figures.get(name, 0)), noun)
        for name, noun in (("listens", "listen"), ("users", "listener"), ("songs", "song"))
    ]
    known = count(int(serving.figures.get("songs_with_features", 0)), "song")
    st.caption(
        f"Release {plain(serving.release_id)} · made {age(serving.created_at)} · "
        f"{' · '.join(figures)} · audio features for {known}"
    )
