"""The pipeline's stages and releases as rows of tables: plain functions from an overview."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from recsys_dagster.overview import CURRENT, MISSING, STALE, Overview, ReleaseState, StageState
from streamlit_app.parts.words import age, count, shorten

NAMES = {
    "listens": ("Listens", "Every listen of every history file"),
    "user_song_interactions": ("Interactions", "Plays by listener and song"),
    "unique_songs": ("Songs", "The catalogue: one row a song"),
    "audio_features": ("Audio features", "How each song sounds, from all sources"),
    "svd_model": ("SVD", "Taste: the factorisation"),
    "item_neighbours": ("Neighbours", "Songs that the same listeners play"),
    "knn_index": ("KNN", "Sound: songs that are near by their audio features"),
    "ranker": ("Ranker", "What joins the sources into one list"),
    "evaluation": ("Evaluation", "How good every method is"),
    "recommender_release": ("Release", "What this app reads"),
    "user_recommendations": ("Recommendations", "A list for every listener"),
}
COUNTS = ("Listens", "Listeners", "Songs", "With features")
MARKS = {CURRENT: "✓ up to date", STALE: "↻ out of date", MISSING: "– not made yet"}


def stage_rows(stages: Sequence[StageState], now: datetime | None = None) -> list[dict[str, Any]]:
    """One row a stage, in the order in which they are made."""
    return [
        {
            "Stage": NAMES.get(one.name, (one.name, ""))[0],
            "What it is": NAMES.get(one.name, ("", ""))[1],
            "State": MARKS[one.state],
            "Made": age(one.made_at, now) if one.made_at else "",
        }
        for one in stages
    ]


def in_short(overview: Overview) -> str:
    """Whether there is anything to do, in a sentence."""
    left = [one for one in overview.stages if one.state != CURRENT]
    if not overview.stages:
        return "Nothing can be told of the stages."
    if not left:
        return "Everything is up to date."
    if all(one.state == MISSING for one in overview.stages):
        return "Nothing has been made yet. `recsys run` makes it all."
    named = NAMES.get(left[0].name, (left[0].name, ""))[0]
    stages = "stage has" if len(left) == 1 else "stages have"
    return f"{len(left)} {stages} to be done, from {named} on: `recsys run` does that."


def pending(overview: Overview) -> str:
    """How many batches of songs are still to be looked up, in a sentence."""
    if overview.pending is None:
        return "How many batches are pending cannot be told."
    if not overview.pending:
        return "No batch of songs is pending."
    verb = "is" if overview.pending == 1 else "are"
    batches = "batch" if overview.pending == 1 else "batches"
    return (
        f"{overview.pending:,} {batches} of 500 songs {verb} still to be looked up: `recsys run` "
        "does that, and goes on where it was stopped."
    )


def release_rows(
    releases: Sequence[ReleaseState], now: datetime | None = None
) -> list[dict[str, Any]]:
    """One row a release, newest first."""
    return [_release(one, now) for one in releases]


def _release(one: ReleaseState, now: datetime | None) -> dict[str, Any]:
    figures = one.figures
    return {
        "Release": one.id,
        "Current": "✓ served" if one.current else "",
        "Made": age(one.created_at, now) if one.created_at else "",
        "Listens": _whole(figures.get("listens")),
        "Listeners": _whole(figures.get("users")),
        "Songs": _whole(figures.get("songs")),
        "With features": _whole(figures.get("songs_with_features")),
        "NDCG@10": _measured(figures.get("ndcg@10")),
        "Made from": shorten(one.data_version, 40) if one.data_version else None,
        "Note": one.problem or ("made-up demo world" if one.demo else ""),
    }


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _measured(methods: Any) -> float | None:
    value = methods.get("hybrid") if isinstance(methods, dict) else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def describe(overview: Overview) -> str:
    """What the table of stages shows, in words."""
    done = sum(one.state == CURRENT for one in overview.stages)
    return f"{done} of {count(len(overview.stages), 'stage')} up to date."
