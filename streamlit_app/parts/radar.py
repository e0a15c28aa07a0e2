"""The audio profile: the picked songs' mean against the recommended songs' mean."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from streamlit_app.parts.words import count, enumerate_words, feature_name

FEWEST_AXES = 3
# Where each feature's axis begins and ends, in its own unit (BPM, dB, or a share). The order
# puts the long names above and below the radar, where a phone has room for them.
AXES = {
    "instrumentalness": (0.0, 1.0),
    "energy": (0.0, 1.0),
    "valence": (0.0, 1.0),
    "tempo": (60.0, 200.0),
    "acousticness": (0.0, 1.0),
    "danceability": (0.0, 1.0),
    "loudness": (-30.0, 0.0),
    "liveness": (0.0, 1.0),
    "speechiness": (0.0, 1.0),
}
Features = Mapping[str, float | None]


def profile(songs: Sequence[Features]) -> dict[str, float]:
    """Mean of each axis over the songs that have it, from 0 to 1; axes nobody has are left out."""
    means = {}
    for name, (low, high) in AXES.items():
        known = [value for song in songs if _known(value := song.get(name))]
        if known:
            mean = sum(map(float, known)) / len(known)  # type: ignore[arg-type]
            means[name] = min(1.0, max(0.0, (mean - low) / (high - low)))
    return means


def show(picked: Sequence[Features], found: Sequence[Features]) -> None:
    """Draw both profiles, or say why there is nothing to draw."""
    st.header("How they sound", anchor=False)
    yours, theirs = profile(picked), profile(found)
    axes = [name for name in AXES if name in yours and name in theirs]
    if len(axes) < FEWEST_AXES:
        whose = "the picked songs" if len(yours) < FEWEST_AXES else "the recommended songs"
        st.info(
            f"Nothing can be drawn: too little is known of how {whose} sound.",
            icon=":material/hearing_disabled:",
        )
        return
    st.echarts_chart(
        spec(axes, yours, theirs),
        height=360,
        alt=describe(axes, yours, theirs),
        renderer="svg",
        key="radar",
    )
    st.caption(
        f"Means of {count(_with_audio(picked), 'picked song')} and "
        f"{count(_with_audio(found), 'recommended song')} with audio features. "
        "Tempo runs from 60 to 200 BPM, loudness from −30 to 0 dB."
    )


def spec(
    axes: Sequence[str],
    yours: Features,
    theirs: Features,
    names: tuple[str, str] = ("Your songs", "Recommended"),
) -> dict[str, Any]:
    """Build the ECharts option of the radar; `names` are those of the two profiles."""
    return {
        "legend": {"bottom": 0},
        "tooltip": {"trigger": "item", "valueFormatter": "percent"},
        "radar": {
            "indicator": [{"name": feature_name(name), "min": 0, "max": 1} for name in axes],
            "radius": "60%",
            "center": ["50%", "46%"],
            "splitNumber": 4,
        },
        "series": [
            {
                "type": "radar",
                "symbolSize": 5,
                "areaStyle": {"opacity": 0.18},
                "data": [
                    {"name": names[0], "value": [yours[name] for name in axes]},
                    {"name": names[1], "value": [theirs[name] for name in axes]},
                ],
            }
        ],
    }


def describe(
    axes: Sequence[str],
    yours: Features,
    theirs: Features,
    whose: str = "the picked songs' mean and the recommended songs' mean",
) -> str:
    """Say in words what the radar shows, for those who cannot see it."""
    pairs = [f"{feature_name(name)} {yours[name]:.0%} and {theirs[name]:.0%}" for name in axes]
    return f"Radar chart of audio features, {whose}: {enumerate_words(pairs)}."


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _with_audio(songs: Sequence[Features]) -> int:
    return sum(any(_known(song.get(name)) for name in AXES) for song in songs)
