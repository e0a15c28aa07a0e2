"""Discover: pick one to five songs, get songs that go with them, and see why."""

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Song
from streamlit_app.parts import controls, frame, picks, radar, results, songs
from streamlit_app.parts.release import Serving
from streamlit_app.parts.words import plain


def recommend(serving: Serving, picked: list[Song]) -> None:
    """Ask how, and draw the answer beside its audio profile."""
    method, number = controls.method_and_number(serving.methods)
    seeds = [song.song_id for song in picked]
    try:
        answer = serving.recommender.recommend(seeds, method=method, n=number)
    except RecsysError as error:
        st.warning(plain(str(error)), icon=":material/warning:")
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        results.show(answer, picked)
    with right, st.container(border=True, key="profile"):
        found = [song.song_id for song in answer.recommendations]
        radar.show(serving.recommender.audio(seeds), serving.recommender.audio(found))


with frame.page("Discover", "Pick up to five songs. Get more like them, and see why.") as open_now:
    mine = picks.load(open_now.recommender)
    songs.chips(mine)
    songs.finder(open_now)
    if mine:
        recommend(open_now, mine)
