"""Releases of a small world, with the real recommender: with and without what came later."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from recsys_dagster.recommend import Recommender
from recsys_dagster.recommend.history import Times
from recsys_dagster.recommend.placing import Places
from recsys_dagster_tests import worlds
from recsys_dagster_tests.streamlit_app.fake import evaluation, serving
from streamlit_app.parts.serving import Serving

AXES = [
    {"name": "calm ↔ loud", "low": "calm", "high": "loud", "share": 0.4},
    {"name": "sad ↔ happy", "low": "sad", "high": "happy", "share": 0.2},
]


@cache
def world(**shape: Any) -> worlds.World:
    return worlds.make(worlds.Shape(**shape))


def places(made: worlds.World) -> Places:
    heard = np.asarray(made.parts.knn.song_ids, np.int32)
    points = np.column_stack([heard % 2 * 2 - 1 + heard / 100, heard / 40 - 0.5])
    return Places(heard, points.astype(np.float32))


def times(made: worlds.World, *, known: bool = True) -> Times:
    """Listens on Tuesdays at one; the last song of each listener was not played for long."""
    users, pairs = made.shape.users, len(made.plays)
    first = np.full(pairs, 18_000, np.int32)
    last = np.where(np.arange(pairs) % 3 == 0, 18_100, 19_000).astype(np.int32)
    hours = np.zeros((users, 168), np.uint32)
    hours[:, 25] = 12 if known else 0
    starts = np.arange(users + 1) * (2 if known else 0)
    months = np.tile(np.array([600, 602], np.int32), users)
    if not known:
        first = last = np.full(pairs, -(2**31), np.int32)
    return Times(first, last, hours, starts, months, np.full(len(months), 6, np.int32))


def release(
    made: worlds.World | None = None, *, old: bool = False, timed: bool = True, **changes: Any
) -> Serving:
    """A release; an old one has neither map nor times."""
    made = made or world()
    parts = made.parts
    if not old:
        histories = replace(parts.histories, times=times(made, known=timed))
        parts = replace(parts, histories=histories, places=places(made))
    measured = evaluation() | {"song_map": {"axes": AXES, "left_out": 3, "reason": None}}
    usual: dict[str, Any] = {
        "recommender": Recommender(parts, worlds.RELEASE), "evaluation": measured,
    }  # fmt: skip
    return serving(**usual | changes)


def catalogue(folder: Path, made: worlds.World | None = None) -> Path:
    path = folder / "songs.parquet"
    (made or world()).parts.songs.write_parquet(path)
    return path
