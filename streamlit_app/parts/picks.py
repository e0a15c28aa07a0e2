"""The songs a visitor has picked, at most five."""

from collections.abc import Iterable

import streamlit as st

from recsys_dagster.recommend.answer import Song
from streamlit_app.parts.ids import KeptIds
from streamlit_app.parts.serving import Answering

MOST = 5
PARAMETER = "songs"
NOTE = ":material/playlist_remove:"
_PICKED = KeptIds(PARAMETER, MOST)


def load(recommender: Answering) -> list[Song]:
    """Give the picked songs; those that cannot be used are dropped, and the visitor is told."""
    found, unusable, missing = _PICKED.load(recommender)
    if unusable:
        st.info("Part of the address was not understood and was left out.", icon=NOTE)
    if missing:
        which = "1 picked song is" if missing == 1 else f"{missing} picked songs are"
        st.info(f"{which} not in this release and had to be left out.", icon=NOTE)
    return found


def ids() -> list[int]:
    """Give the picked ids, in the order they were picked."""
    return _PICKED.ids()


def full() -> bool:
    """Whether no more songs can be picked."""
    return _PICKED.full()


def keep(song_ids: Iterable[int]) -> None:
    """Pick exactly these songs, at most five."""
    _PICKED.keep(song_ids)


def add(song_id: int) -> None:
    """Pick one more song; nothing happens when five are picked already."""
    _PICKED.add(song_id)


def drop(song_id: int) -> None:
    """Unpick a song."""
    _PICKED.drop(song_id)


def clear() -> None:
    """Unpick all songs."""
    _PICKED.clear()
