"""Song map: the catalogue in two dimensions, with what is picked and recommended on it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Song
from recsys_dagster.recommend.placing import Places
from streamlit_app.parts import (
    atlas,
    controls,
    frame,
    left_out,
    listing,
    neighbourhood,
    picks,
    songs,
)
from streamlit_app.parts.serving import Serving
from streamlit_app.parts.words import plain

LEAD = "Songs that sound alike lie near each other. Press one to add it to your songs."
KEY = "map"
LISTED = "Recommended is the list on Discover, as it is set there."


@st.cache_resource(max_entries=2, show_spinner="Drawing the map…")
def drawn(_serving: Serving, release_id: str) -> tuple[list[int], Any]:  # noqa: ARG001
    """The sample that is drawn: ids and table, the same for all visitors of a release."""
    places = _serving.recommender.places
    if places is None:
        return [], None
    rows = places.sample(atlas.MOST, np.empty(0, np.int32))
    ids = places.song_ids[rows].tolist()
    return ids, atlas.frame(places, rows, _serving.recommender.look_up(ids))


def add(ids: Mapping[str, Sequence[int]]) -> None:
    """Take up a click: the song that was pressed becomes a pick."""
    for song_id in atlas.pressed(st.session_state[KEY]["selection"], ids):
        if picks.full() and song_id not in picks.ids():
            st.toast("Five songs are picked, and five is the most.", icon=picks.NOTE)
        picks.add(song_id)


def chart(serving: Serving, places: Places, picked: list[Song], found: list[Song]) -> None:
    """Draw the map."""
    facts = serving.evaluation["song_map"]
    ids, table = drawn(serving, serving.release_id)
    marked = [
        atlas.Marked.of(atlas.FOUND, found, places),
        atlas.Marked.of(atlas.PICKED, picked, places),
    ]
    by_series = {atlas.SONGS: ids}
    by_series |= {one.name: [song.song_id for song in one.songs] for one in marked}
    st.echarts_chart(
        atlas.spec(table, marked, facts["axes"]),
        height=620,
        alt=atlas.describe(facts["axes"], marked),
        key=KEY,
        on_select=partial(add, by_series),
    )
    st.caption(atlas.explain(len(ids), len(places), facts))
    missing = len(picked) - len(marked[1].songs)
    if missing:
        st.info(
            f"{missing} of your songs cannot be placed: too little is known of how they sound.",
            icon=":material/hearing_disabled:",
        )


def recommended(serving: Serving, mine: list[Song]) -> list[Song]:
    """The songs that Discover recommends, by the settings as they stand there."""
    seeds = [song.song_id for song in mine]
    wishes, without = controls.standing(serving.methods), left_out.load(serving.recommender)
    try:
        answer = listing.recommended(serving, seeds, wishes, without)
    except RecsysError as error:
        st.warning(plain(str(error)), icon=":material/warning:")
        return []
    st.caption(LISTED)
    return serving.recommender.look_up([song.song_id for song in answer.recommendations])


def without_map(facts: Mapping[str, Any]) -> None:
    """Say why there is no map, and what to do."""
    reason = facts.get("reason")
    st.info(
        f"There is no map: {reason} Add a catalogue of audio features with `recsys import`, then "
        "`recsys run`."
        if reason
        else "This release was made before releases held a map. `recsys run` makes a new one, and "
        "publishes it unless it ranks worse.",
        icon=":material/map:",
    )


with frame.page("Song map", LEAD) as open_now:
    mine = picks.load(open_now.recommender)
    where, facts = open_now.recommender.places, open_now.evaluation.get("song_map") or {}
    if where is None or len(where) == 0 or len(facts.get("axes") or ()) != 2:
        without_map(facts)
    else:
        songs.chips(mine)
        results = recommended(open_now, mine) if mine else []
        chart(open_now, where, mine, results)
        neighbourhood.show(open_now.recommender, where, [*mine, *results], facts["axes"])
