"""The pages for when there is nothing to show yet."""

import streamlit as st

from recsys_dagster.settings import load_settings
from streamlit_app.parts.words import plain


def nothing_released() -> None:
    """Say how the first release is made; the page goes on by itself when it is there."""
    st.title("Nothing released yet", anchor=False)
    st.markdown("Recommendations appear here as soon as there is a release. Two ways to make one:")
    ways = st.grid(2, min_column_width=300, border=True, key="ways")
    with ways.cell():
        st.subheader(":material/science: Look around first", anchor=False)
        st.markdown("A made-up world of artists, songs and listeners, ready in about a minute.")
        st.code("recsys run", language=None)
    with ways.cell():
        st.subheader(":material/library_music: Your own history", anchor=False)
        st.markdown("A Last.fm export as CSV, and a catalogue of audio features if you have one.")
        st.code("recsys import FILE…\nrecsys run", language=None)
    st.caption(
        "This page notices the first release by itself. It looks in the data folder "
        + plain(str(load_settings().data_dir))
    )


def damaged(why: str) -> None:
    """Say that the current release cannot be opened and how to go on."""
    st.title("This release cannot be opened", anchor=False)
    st.warning(plain(why), icon=":material/healing:")
    st.markdown("Make a new release, or go back to an earlier one:")
    st.code("recsys run\nrecsys releases\nrecsys releases rollback ID", language=None)
    st.caption("This page notices by itself when there is a release that can be opened.")
