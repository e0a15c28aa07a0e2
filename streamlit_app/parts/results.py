"""The recommended songs, each with its match and the reason."""

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from recsys_dagster.recommend.answer import Answer, Because, Recommendation, Song
from streamlit_app.parts.words import (
    RUNGS,
    SOURCES,
    feature_name,
    feature_value,
    plain,
)


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
        st.info("Nothing to recommend: every song of this release is picked.")
        return
    best = max(song.score for song in answer.recommendations)
    names = {song.song_id: song for song in seeds}
    st.caption("Match compares each song with the best of this list, which has 100%.")
    for song in answer.recommendations:
        with st.container(border=True, gap="xsmall", key=f"result-{song.rank}"):
            _card(song, match(song.score, best), names)


def _card(song: Recommendation, share: float, seeds: Mapping[int, Song]) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        st.markdown(f"### {song.rank}", width=44, text_alignment="center", anchors=False)
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{plain(song.title)}**", wrap=False)
            st.caption(plain(song.artist), wrap=False)
        st.progress(share, text=f"{share:.0%} match", width=110)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        with st.container(horizontal=True, gap="xxsmall", width="content"):
            for source in song.sources:
                _badge(source)
        with st.popover("Why?", icon=":material/lightbulb:", key=f"why-{song.rank}"):
            _why(song, seeds)


def _badge(source: str) -> None:
    label, icon, colour = SOURCES.get(source, (plain(source), ":material/label:", "gray"))
    st.badge(label, icon=icon, color=colour)  # type: ignore[arg-type]


def _why(song: Recommendation, seeds: Mapping[int, Song]) -> None:
    because = song.because
    if song.sources == ("popular",):
        st.markdown("It is played a lot. Your songs had no say in it.")
    elif because.seeds:
        st.markdown("**What your songs brought**")
        for part in sorted(because.seeds, key=lambda each: -each.share):
            seed = seeds.get(part.song_id)
            name = plain(f"{seed.title} – {seed.artist}") if seed else "another song"
            share = min(1.0, max(0.0, part.share))
            st.progress(share, text=f"{share:.0%} {name}")
    if because.audio:
        _audio(because)


def _audio(because: Because) -> None:
    st.markdown("**Where it sounds like your songs**")
    st.table(
        {
            "Audio feature": [feature_name(each.feature) for each in because.audio],
            "Your songs": [feature_value(each.feature, each.seed) for each in because.audio],
            "This song": [feature_value(each.feature, each.song) for each in because.audio],
        },
        hide_index=True,
    )
