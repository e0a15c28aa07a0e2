"""The recommended songs, each with its match, the reason, and what can be said to it."""

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from recsys_dagster.recommend.answer import Answer, Recommendation, Song
from recsys_dagster.recommend.exporting import listen_links
from streamlit_app.parts import refining, saving, taking, why
from streamlit_app.parts.covers import LARGE, picture
from streamlit_app.parts.words import RUNGS, badge, plain


def fallback(answer: Answer) -> str | None:
    """Say in plain words that the answer is not of the kind that was asked for."""
    if answer.method == "popular":
        return None
    return RUNGS.get(answer.rung)


def match(score: float, best: float) -> float:
    """How near a score comes to the best of its list, from 0 to 1."""
    if not (math.isfinite(score) and math.isfinite(best)) or best <= 0:
        return 0.0
    return min(1.0, max(0.0, score / best))


def show(answer: Answer, seeds: Sequence[Song]) -> None:
    """Draw a list of recommendations."""
    words = fallback(answer)
    if words:
        st.info(words, icon=":material/info:")
    if not answer.recommendations:
        st.info("Nothing to recommend: every song of this release is picked or left out.")
        return
    best = max(song.score for song in answer.recommendations)
    names = {song.song_id: song for song in seeds}
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.header("Recommended", anchor=False, width="content")
        with st.container(horizontal=True, gap="xsmall", width="content", key="keep"):
            taking.show(answer.recommendations)
            saving.press_to_save(answer)
    saving.on_the_way(answer)
    st.caption("Match compares each song with the best of this list, which has 100%.")
    for song in answer.recommendations:
        with st.container(border=True, gap="xsmall", key=f"result-{song.rank}"):
            _card(song, match(song.score, best), names)


def _card(song: Recommendation, share: float, seeds: Mapping[int, Song]) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        st.markdown(f"**{song.rank}**", width=28, text_alignment="center")
        st.markdown(picture(song.artist, song.title, LARGE, described=True), width=LARGE)
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{plain(song.title)}**", wrap=False)
            st.caption(plain(song.artist), wrap=False)
        refining.thumbs(song)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(badges(song, share), width="content")
        with st.container(horizontal=True, gap="xxsmall", width="content"):
            with st.popover("Why?", icon=":material/lightbulb:", key=f"why-{song.rank}"):
                st.markdown(why.explain(song, seeds))
            _listen(song)
            refining.menu(song)


def badges(song: Recommendation, share: float) -> str:
    """The match and the sources as Markdown, in one piece."""
    return " ".join([f":primary[{share:.0%} match]", *map(badge, song.sources)])


def _listen(song: Recommendation) -> None:
    """A link to the song where its id is known, else searches at two services."""
    first, *others = listen_links(song.artist, song.title, song.spotify_id)
    if first.exact:
        st.link_button(
            first.service, first.address, icon=":material/play_arrow:", key=f"listen-{song.rank}"
        )
        return
    with st.popover("Listen", icon=":material/play_arrow:", key=f"listen-{song.rank}"):
        for place, link in enumerate((first, *others)):
            st.link_button(
                f"Search {link.service}", link.address, icon=":material/open_in_new:",
                key=f"listen-{song.rank}-{place}", width="stretch",
            )  # fmt: skip
