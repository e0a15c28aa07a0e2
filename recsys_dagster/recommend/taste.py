"""What a history says of its listener: favourite artists, and songs long not played."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.history import History

OFTEN = 5
"""Plays from which on a song was played often."""
LONG = 180
"""Days after which a song is long not played."""


@dataclass(frozen=True, slots=True)
class Favourite:
    """An artist of a history: their most played song, all plays, and how many songs."""

    song_id: int
    plays: int
    songs: int


def favourites(history: History, artists: NDArray[np.integer[Any]], n: int) -> list[Favourite]:
    """The `n` most played artists.

    Parameters
    ----------
    history
        Songs, most played first.
    artists
        Number of each song's artist, by song id.
    """
    of_song = np.asarray(artists[history.songs])
    _, first, inverse = np.unique(of_song, return_index=True, return_inverse=True)
    plays = np.bincount(inverse, weights=history.plays)
    songs = np.bincount(inverse)
    best = np.lexsort((first, -plays))[:n]
    return [
        Favourite(int(history.songs[first[one]]), int(plays[one]), int(songs[one])) for one in best
    ]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A song played often once: when it was played first and last, as days."""

    song_id: int
    plays: int
    first: np.datetime64
    last: np.datetime64


def forgotten(history: History, n: int) -> list[Forgotten]:
    """Songs with `OFTEN` plays of which the last is `LONG` ago, the most played first.

    It is counted back from the last listen of all: a history that ended years ago has songs that
    were forgotten by then, and others that were not.
    """
    first, last = history.first, history.last
    if first is None or last is None or not (known := ~np.isnat(last)).any():
        return []
    end = last[known].max()
    long_ago = known & (history.plays >= OFTEN)
    long_ago[known] &= end - last[known] >= np.timedelta64(LONG, "D")
    rows = np.flatnonzero(long_ago)[:n]
    return [
        Forgotten(int(history.songs[row]), int(history.plays[row]), first[row], last[row])
        for row in rows
    ]
