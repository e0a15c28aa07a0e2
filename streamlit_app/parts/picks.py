"""The songs a visitor has picked: kept in the session, and in the address so that it can be shared.

A song id never changes its song from release to release, so picks outlive a new release.
"""

import re
from collections.abc import Iterable

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Song
from streamlit_app.parts.release import Answering

MOST = 5
PARAMETER = "songs"
NOTE = ":material/playlist_remove:"
_STATE = "picks"
_ID = re.compile(r"[0-9]{1,9}")


def parse(text: str) -> tuple[list[int], int]:
    """Read the ids in an address.

    Returns
    -------
    tuple of list of int and int
        At most five different ids, and how many words could not be used.
    """
    words = [word.strip() for word in text[:1000].split(",") if word.strip()]
    ids = list(dict.fromkeys(int(word) for word in words if _ID.fullmatch(word)))
    unusable = sum(not _ID.fullmatch(word) for word in words)
    return ids[:MOST], unusable + max(0, len(ids) - MOST)


def load(recommender: Answering) -> list[Song]:
    """Give the picked songs; those that cannot be used are dropped, and the visitor is told."""
    if _STATE not in st.session_state:
        st.session_state[_STATE], unusable = parse(st.query_params.get(PARAMETER, ""))
        if unusable:
            st.info("Part of the address was not understood and was left out.", icon=NOTE)
    found = [song for song in (_song(recommender, each) for each in ids()) if song]
    missing = len(ids()) - len(found)
    if missing:
        which = "1 picked song is" if missing == 1 else f"{missing} picked songs are"
        st.info(f"{which} not in this release and had to be left out.", icon=NOTE)
    keep(song.song_id for song in found)
    return found


def ids() -> list[int]:
    """Give the picked ids, in the order they were picked."""
    return list(st.session_state.get(_STATE, []))


def full() -> bool:
    """Whether no more songs can be picked."""
    return len(ids()) >= MOST


def keep(song_ids: Iterable[int]) -> None:
    """Pick exactly these songs, at most five."""
    picked = list(dict.fromkeys(song_ids))[:MOST]
    st.session_state[_STATE] = picked
    address = ",".join(map(str, picked))
    if st.query_params.get(PARAMETER, "") == address:
        return
    if address:
        st.query_params[PARAMETER] = address
    else:
        st.query_params.pop(PARAMETER, None)


def add(song_id: int) -> None:
    """Pick one more song; nothing happens when five are picked already."""
    keep([*ids(), song_id])


def drop(song_id: int) -> None:
    """Unpick a song."""
    keep(each for each in ids() if each != song_id)


def clear() -> None:
    """Unpick all songs."""
    keep(())


def _song(recommender: Answering, song_id: int) -> Song | None:
    try:
        return recommender.song(song_id)
    except RecsysError:
        return None
