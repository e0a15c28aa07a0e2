"""The list: how it shall be, what is left out of it, and the songs."""

from collections.abc import Sequence

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Answer, Song
from streamlit_app.parts import controls, left_out, radar, results
from streamlit_app.parts.controls import Wishes
from streamlit_app.parts.left_out import LeftOut
from streamlit_app.parts.serving import Serving
from streamlit_app.parts.words import plain


def recommended(serving: Serving, seeds: Sequence[int], wishes: Wishes, without: LeftOut) -> Answer:
    """The answer for picked songs, as it shall be and without what is left out."""
    return serving.recommender.recommend(
        seeds,
        exclude_songs=[song.song_id for song in without.songs],
        exclude_artists=[song.artist for song in without.artists],
        **wishes.arguments(),
    )


@st.fragment
def show(serving: Serving, picked: list[Song]) -> None:
    """Ask how, and draw the answer beside its audio profile; what is asked redraws nothing else."""
    wishes = controls.ask(serving.methods)
    without = left_out.load(serving.recommender)
    left_out.chips(without)
    seeds = [song.song_id for song in picked]
    try:
        answer = recommended(serving, seeds, wishes, without)
    except RecsysError as error:
        st.warning(plain(str(error)), icon=":material/warning:")
        return
    left, right = st.columns([2, 1], gap="medium")
    with left:
        results.show(answer, picked)
    with right, st.container(border=True, key="profile"):
        found = [song.song_id for song in answer.recommendations]
        radar.show(serving.recommender.audio(seeds), serving.recommender.audio(found))
