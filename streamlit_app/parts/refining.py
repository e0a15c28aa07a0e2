"""What can be said to a recommended song, and what comes of it at once."""

import streamlit as st

from recsys_dagster.recommend.answer import Recommendation
from streamlit_app.parts import left_out, picks

UP, DOWN = 1, 0
FULL = "Five songs are picked, and five is the most. Take one away, then like this one."
ONLY, NOT_SONG, NOT_ARTIST = "Only more like this", "Not this song", "Not this artist"


def thumbs(song: Recommendation) -> None:
    """Draw the thumbs: up makes the song one of yours, down leaves it out."""
    st.feedback("thumbs", key=_key(song.song_id), on_change=_said, args=(song.song_id,))


def menu(song: Recommendation) -> None:
    """Draw the menu of what else can be said."""
    st.menu_button(
        "More",
        [ONLY, NOT_SONG, NOT_ARTIST],
        key=f"more-{song.song_id}",
        on_click=_chosen,
        args=(song.song_id,),
    )


def _key(song_id: int) -> str:
    return f"thumb-{song_id}"


def _said(song_id: int) -> None:
    thumb = st.session_state[_key(song_id)]
    if thumb == DOWN:
        left_out.leave_out(left_out.SONGS, song_id)
    elif thumb == UP and picks.full():
        st.toast(FULL, icon=":material/playlist_add_check:")
        st.session_state[_key(song_id)] = None
    elif thumb == UP:
        picks.add(song_id)
        st.rerun()  # the whole page: the song is now among those that were picked


def _chosen(song_id: int) -> None:
    choice = st.session_state[f"more-{song_id}"]
    if choice == ONLY:
        picks.keep([song_id])
        st.rerun()
    elif choice == NOT_SONG:
        left_out.leave_out(left_out.SONGS, song_id)
    elif choice == NOT_ARTIST:
        left_out.leave_out(left_out.ARTISTS, song_id)
