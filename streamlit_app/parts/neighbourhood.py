"""The song map in words: what lies near a song, for those who do not see or press the chart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from recsys_dagster.recommend.answer import Song
from recsys_dagster.recommend.placing import Places
from streamlit_app.parts import picks
from streamlit_app.parts.atlas import side
from streamlit_app.parts.serving import Answering
from streamlit_app.parts.words import plain, shorten

NEAR = 9
CHOICES = 20


@st.fragment
def show(
    recommender: Answering,
    places: Places,
    marked: Sequence[Song],
    axes: Sequence[Mapping[str, Any]],
) -> None:
    """Let a song be chosen, and list the songs that lie nearest to it."""
    st.header("Songs near a song", anchor=False)
    left, right = st.columns(2, gap="medium")
    text = left.text_input(
        "Find a song on the map", type="search", live=True, max_chars=200, key="near-search",
        placeholder="A song or an artist",
    )  # fmt: skip
    found = recommender.search(text.strip(), CHOICES) if text and text.strip() else marked
    there = _on_map(places, found or ()) or _on_map(places, recommender.popular(CHOICES))
    if text and not _on_map(places, found):
        st.caption("No song like that is on the map, so these are the most played.")
    names = {song.song_id: shorten(f"{song.title} – {song.artist}", 100) for song in there}
    chosen = right.selectbox(
        "Near", list(names), format_func=lambda song_id: names.get(song_id, ""), key="near"
    )
    if chosen is not None:
        _list(recommender, places, int(chosen), axes)


def _on_map(places: Places, songs: Sequence[Song]) -> list[Song]:
    known = set(
        places.song_ids[places.rows(np.array([song.song_id for song in songs], int))].tolist()
    )
    return [song for song in songs if song.song_id in known]


def _list(
    recommender: Answering, places: Places, song_id: int, axes: Sequence[Mapping[str, Any]]
) -> None:
    near = places.near(song_id, NEAR).tolist()
    here, *_ = places.points[places.rows(np.array([song_id]))]
    st.caption(f"It lies at the {plain(side((here[0], here[1]), axes))} side. Nearest first:")
    grid = st.grid(3, min_column_width=260, gap="xsmall", border=True, key="near-songs")
    for song in recommender.look_up(near):
        with grid.cell(), st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            with st.container(gap=None, width="stretch"):
                st.markdown(f"**{plain(song.title)}**", wrap=False)
                st.caption(plain(song.artist), wrap=False)
            _button(song)


def _button(song: Song) -> None:
    picked = song.song_id in picks.ids()
    st.button(
        "Added" if picked else "Add",
        icon=":material/check:" if picked else ":material/add:",
        key=f"near-add-{song.song_id}",
        disabled=picked or picks.full(),
        help=None if picked or not picks.full() else "Five songs are picked already.",
        on_click=_add,
        args=(song.song_id,),
    )


def _add(song_id: int) -> None:
    picks.add(song_id)
    st.rerun()  # the map too, not the list alone
