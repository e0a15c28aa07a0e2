"""Songs that an address names in words: `?seed=Radiohead - Creep`."""

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Seed
from streamlit_app.parts import picks
from streamlit_app.parts.serving import Answering
from streamlit_app.parts.words import plain

PARAMETER = "seed"
_LONGEST = 200
_STATE = "not-found"


def load(recommender: Answering) -> bool:
    """Pick the songs that the address names, and remember those that are not in the release.

    Returns
    -------
    bool
        Whether any was picked.
    """
    names = st.query_params.get_all(PARAMETER)[: picks.MOST]
    if not names:
        return False
    st.query_params.pop(PARAMETER, None)
    seeds = [seed for name in names if (seed := _resolved(recommender, name[:_LONGEST]))]
    for seed in seeds:
        if seed.song:
            picks.add(seed.song.song_id)
    st.session_state[_STATE] = [seed for seed in seeds if not seed.matched]
    return any(seed.matched for seed in seeds)


def _resolved(recommender: Answering, name: str) -> Seed | None:
    try:
        return recommender.resolve(name)
    except RecsysError:  # an empty name
        return None


def show_unknown() -> None:
    """Say which songs are not in the release, with the nearest ones to take instead."""
    for number, seed in enumerate(st.session_state.get(_STATE, [])):
        nearest = " These come nearest:" if seed.suggestions else ""
        st.info(
            f"“{plain(seed.query)}” is not in this release.{nearest}", icon=":material/search_off:"
        )
        with st.container(horizontal=True, gap="xsmall", key=f"nearest-{number}"):
            for song in seed.suggestions:
                st.button(
                    plain(f"{song.title} – {song.artist}"),
                    icon=":material/add:",
                    key=f"instead-{number}-{song.song_id}",
                    disabled=picks.full() or song.song_id in picks.ids(),
                    on_click=_take,
                    args=(number, song.song_id),
                )
            st.button(
                "Never mind", key=f"never-{number}", type="tertiary",
                on_click=_forget, args=(number,),
            )  # fmt: skip


def _take(number: int, song_id: int) -> None:
    picks.add(song_id)
    _forget(number)


def _forget(number: int) -> None:
    st.session_state[_STATE].pop(number)
