"""Songs by their ids, kept in the session and in the address.

A song id never changes its song from release to release, so they outlive a new release.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Song
from streamlit_app.parts.serving import Answering

_ID = re.compile(r"[0-9]{1,9}")
_LONGEST = 1000


def parse(text: str, most: int) -> tuple[list[int], int]:
    """Read the ids in an address.

    Returns
    -------
    tuple of list of int and int
        At most `most` different ids, and how many words could not be used.
    """
    words = [word.strip() for word in text[:_LONGEST].split(",") if word.strip()]
    ids = list(dict.fromkeys(int(word) for word in words if _ID.fullmatch(word)))
    unusable = sum(not _ID.fullmatch(word) for word in words)
    return ids[:most], unusable + max(0, len(ids) - most)


@dataclass(frozen=True)
class KeptIds:
    """A list of songs under a name in the address, at most so many."""

    parameter: str
    most: int

    def ids(self) -> list[int]:
        """The ids, in the order they came."""
        return list(st.session_state.get(self._state, []))

    def full(self) -> bool:
        """Whether there can be no more."""
        return len(self.ids()) >= self.most

    def load(self, recommender: Answering) -> tuple[list[Song], int, int]:
        """The songs; how many words of the address were no ids, and how many ids no songs.

        Both are left out from then on.
        """
        unusable = 0
        if self._state not in st.session_state:
            address = st.query_params.get(self.parameter, "")
            st.session_state[self._state], unusable = parse(address, self.most)
        known = self.ids()
        found = [song for song in (_song(recommender, each) for each in known) if song]
        self.keep(song.song_id for song in found)
        return found, unusable, len(known) - len(found)

    def keep(self, song_ids: Iterable[int]) -> None:
        """Keep exactly these songs, at most `most`."""
        kept = list(dict.fromkeys(song_ids))[: self.most]
        st.session_state[self._state] = kept
        address = ",".join(map(str, kept))
        if st.query_params.get(self.parameter, "") == address:
            return
        if address:
            st.query_params[self.parameter] = address
        else:
            st.query_params.pop(self.parameter, None)

    def add(self, song_id: int) -> None:
        """Keep one more; nothing happens when there are `most` already."""
        self.keep([*self.ids(), song_id])

    def drop(self, song_id: int) -> None:
        """Keep one no more."""
        self.keep(each for each in self.ids() if each != song_id)

    def clear(self) -> None:
        """Keep none."""
        self.keep(())

    @property
    def _state(self) -> str:
        return f"kept-{self.parameter}"


def _song(recommender: Answering, song_id: int) -> Song | None:
    try:
        return recommender.song(song_id)
    except RecsysError:
        return None
