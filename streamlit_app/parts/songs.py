"""Songs to pick from: search as you type, and a start for those who do not know what to type."""

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Song
from streamlit_app.parts import picks, starts
from streamlit_app.parts.covers import SMALL, picture
from streamlit_app.parts.serving import Answering, Serving
from streamlit_app.parts.words import count, plain, shorten

MATCHES = 6


@st.fragment
def finder(serving: Serving) -> None:
    """Draw the search box and what it finds; typing redraws nothing else."""
    text = st.text_input(
        "Search for a song or an artist",
        type="search",
        live=True,
        max_chars=200,
        placeholder="A song or an artist you like",
        key="search",
    )
    if text and text.strip():
        _matches(serving.recommender, text.strip())
    elif not picks.ids():
        starts.show(serving)


def chips(picked: list[Song]) -> None:
    """Draw the picked songs, each with a button that takes it away."""
    if not picked:
        return
    st.caption(f"Your songs, {len(picked)} of {picks.MOST}: press one to take it away")
    with st.container(horizontal=True, gap="xsmall", key="chips"):
        for song in picked:
            st.button(
                plain(shorten(f"{song.title} – {song.artist}", 60)),
                icon=":material/close:",
                icon_position="right",
                key=f"drop-{song.song_id}",
                on_click=picks.drop,
                args=(song.song_id,),
            )
        st.button("Clear all", key="clear", type="tertiary", on_click=picks.clear)


def _matches(recommender: Answering, text: str) -> None:
    found = recommender.search(text, MATCHES)
    if not found:
        found = _nearest(recommender, text)
        nearest = " These come nearest." if found else ""
        st.info(
            f"No song or artist like that in this release.{nearest}", icon=":material/search_off:"
        )
    if found and picks.full():
        st.info(
            "Five songs are picked, and five is the most. Take one away to add another.",
            icon=":material/playlist_add_check:",
        )
    cards(found, "matches")


def _nearest(recommender: Answering, text: str) -> list[Song]:
    try:
        seed = recommender.resolve(text)
    except RecsysError:
        return []
    return [seed.song] if seed.song else list(seed.suggestions)


def cards(songs: list[Song], name: str) -> None:
    """Draw songs to add."""
    grid = st.grid(3, min_column_width=260, gap="xsmall", border=True, key=name)
    picked, full = set(picks.ids()), picks.full()
    for song in songs:
        with grid.cell(), st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            st.markdown(picture(song.artist, song.title, SMALL), width=SMALL)
            with st.container(gap=None, width="stretch"):
                st.markdown(f"**{plain(song.title)}**", wrap=False)
                st.caption(plain(song.artist), wrap=False)
                st.caption(_known_of(song), wrap=False)
            _add_button(song, song.song_id in picked, full)


def _known_of(song: Song) -> str:
    plays = count(song.plays, "play")
    return plays if song.has_audio else f"{plays} · no audio features"


def _add_button(song: Song, picked: bool, full: bool) -> None:
    st.button(
        "Added" if picked else "Add",
        icon=":material/check:" if picked else ":material/add:",
        key=f"add-{song.song_id}",
        disabled=picked or full,
        help="Five songs are picked already." if full and not picked else None,
        on_click=_add,
        args=(song.song_id,),
    )


def _add(song_id: int) -> None:
    # As a callback it also runs when typing takes the pressed button away at the same moment.
    picks.add(song_id)
    st.rerun()  # the whole page, not the finder alone
