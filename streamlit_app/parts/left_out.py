"""What a visitor does not want to be recommended: songs, and artists by one song of theirs."""

from typing import NamedTuple

import streamlit as st

from recsys_dagster.recommend.answer import Song
from streamlit_app.parts.ids import KeptIds
from streamlit_app.parts.picks import NOTE
from streamlit_app.parts.serving import Answering
from streamlit_app.parts.words import plain, shorten

SONGS = KeptIds("without", 50)
ARTISTS = KeptIds("without-artists", 20)
FULL = "So much is left out already that no more can be. Take something back first."
_LONGEST = 40


class LeftOut(NamedTuple):
    """The songs that are left out, and one song of each artist who is."""

    songs: list[Song]
    artists: list[Song]


def load(recommender: Answering) -> LeftOut:
    """Give what is left out; what cannot be used is dropped, and the visitor is told."""
    songs, artists = SONGS.load(recommender), ARTISTS.load(recommender)
    if songs[1] or songs[2] or artists[1] or artists[2]:
        st.info("Part of what the address leaves out is not in this release.", icon=NOTE)
    return LeftOut(songs[0], artists[0])


def leave_out(kept: KeptIds, song_id: int) -> None:
    """Leave out a song, or its artist; say so where no more can be."""
    if kept.full():
        st.toast(FULL, icon=NOTE)
    else:
        kept.add(song_id)


def chips(left_out: LeftOut) -> None:
    """Draw what is left out, each with a button that takes it back."""
    if not (left_out.songs or left_out.artists):
        return
    st.caption("Left out: press one to let it back in")
    with st.container(horizontal=True, gap="xsmall", key="left-out"):
        for song in left_out.artists:
            _chip(f"Everything by {song.artist}", "back-artist", ARTISTS, song)
        for song in left_out.songs:
            _chip(f"{song.title} – {song.artist}", "back", SONGS, song)
        st.button("Let all back in", key="back-all", type="tertiary", on_click=_clear)


def _chip(label: str, key: str, kept: KeptIds, song: Song) -> None:
    st.button(
        plain(shorten(label, _LONGEST)),
        icon=":material/undo:",
        key=f"{key}-{song.song_id}",
        on_click=kept.drop,
        args=(song.song_id,),
    )


def _clear() -> None:
    SONGS.clear()
    ARTISTS.clear()
