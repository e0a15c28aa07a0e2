"""Why a song was recommended, in words and figures."""

from collections.abc import Mapping

import streamlit as st

from recsys_dagster.recommend.answer import Because, Recommendation, Song
from streamlit_app.parts.words import feature_name, feature_value, plain


def show(song: Recommendation, seeds: Mapping[int, Song]) -> None:
    """Draw what each picked song brought, and where the song sounds like them."""
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
