"""What is there for those who have picked nothing: starter packs, and a surprise."""

from random import SystemRandom

import streamlit as st

from streamlit_app.parts import packs, picks
from streamlit_app.parts.covers import SMALL, picture
from streamlit_app.parts.packs import Pack
from streamlit_app.parts.serving import Answering, Serving
from streamlit_app.parts.words import enumerate_words, plain, shorten

SURPRISES = 3
_TITLE = 28


def show(serving: Serving) -> None:
    """Draw the packs, each with a button that picks its songs."""
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        key="start",
    ):
        st.markdown("**Or start with three songs at once**", width="content")
        if st.button("Surprise me", icon=":material/casino:", key="surprise"):
            picks.keep(_surprise(serving.recommender))
            st.rerun()
    found = _packs(serving.release_id, serving.recommender)
    grid = st.grid(4, min_column_width=230, gap="xsmall", border=True, key="packs")
    for number, pack in enumerate(found):
        with grid.cell():
            _card(number, pack)


@st.cache_data(max_entries=2, show_spinner=False)
def _packs(release_id: str, _recommender: Answering) -> list[Pack]:  # noqa: ARG001
    songs = [song for song in _recommender.popular(packs.AMONG) if song.plays > 0]
    return packs.make(songs, _recommender.audio([song.song_id for song in songs]))


def _card(number: int, pack: Pack) -> None:
    st.markdown(" ".join(picture(song.artist, song.title, SMALL) for song in pack.songs))
    titles = enumerate_words([shorten(song.title, _TITLE) for song in pack.songs])
    st.markdown(f":material/{pack.icon}: **{plain(pack.name)}**", wrap=False)
    st.caption(plain(titles))
    if st.button("Start here", key=f"pack-{number}", help=pack.explained, width="stretch"):
        picks.keep(song.song_id for song in pack.songs)
        st.rerun()


def _surprise(recommender: Answering) -> list[int]:
    """Draw a few well-known songs, rather with audio features than without."""
    known = recommender.popular(packs.AMONG)
    pool = [song.song_id for song in known if song.has_audio] or [song.song_id for song in known]
    return SystemRandom().sample(pool, min(SURPRISES, len(pool)))
