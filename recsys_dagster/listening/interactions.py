"""Who played which song how often, and the arrays that models learn from."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_dagster.identity import song_key


@dataclass(frozen=True, slots=True)
class InteractionArrays:
    """Interactions as arrays, sorted by listener and song; n is the number of pairs.

    Attributes
    ----------
    users
        Names; position is the listener's index.
    user, song
        Indices of the pairs, shape (n,), int32; the song's index is its `song_id`.
    plays
        Play counts, shape (n,), int64.
    """

    users: tuple[str, ...]
    user: NDArray[np.int32]
    song: NDArray[np.int32]
    plays: NDArray[np.int64]


def count_interactions(listens: pl.LazyFrame) -> pl.LazyFrame:
    """Play count, first and last listen for each listener and song.

    The identity of songs is worked out once a distinct spelling, not on each listen, so its
    cost hardly grows with the number of listens. The spelling kept is the listener's own most
    used one.

    Parameters
    ----------
    listens
        Columns of `LISTENS_SCHEMA`.

    Returns
    -------
    user, song_key, artist, title, play_count, first_listen, last_listen, spotify_id; sorted by
    listener and song, one row each.
    """
    spelled = listens.group_by("user", "artist", "title").agg(
        pl.len().cast(pl.Int64).alias("play_count"),
        pl.col("listened_at").min().alias("first_listen"),
        pl.col("listened_at").max().alias("last_listen"),
        pl.col("spotify_id").min(),
    )
    songs = spelled.select("artist", "title").unique()
    keys = songs.with_columns(song_key(pl.col("artist"), pl.col("title")).alias("song_key"))
    keyed = spelled.join(keys, on=["artist", "title"], maintain_order="none")
    in_order = keyed.sort(
        ["user", "song_key", "play_count", "artist", "title"],
        descending=[False, False, True, False, False],
    )
    return in_order.group_by("user", "song_key", maintain_order=True).agg(
        pl.col("artist", "title").first(),
        pl.col("play_count").sum(),
        pl.col("first_listen").min(),
        pl.col("last_listen").max(),
        pl.col("spotify_id").min(),
    )


def interaction_arrays(interactions: pl.LazyFrame, songs: pl.LazyFrame) -> InteractionArrays:
    """Interactions as arrays, songs by their `song_id`, listeners in alphabetical order."""
    pairs = (
        interactions.select("user", "song_key", "play_count")
        .join(songs.select("song_key", "song_id"), on="song_key")
        .sort("user", "song_id")
        .collect(engine="streaming")
    )
    users = pairs["user"].unique().sort()
    index = pairs.select(pl.col("user").replace_strict(users, range(len(users)))).to_series()
    return InteractionArrays(
        tuple(users),
        index.cast(pl.Int32).to_numpy(),
        pairs["song_id"].cast(pl.Int32).to_numpy(),
        pairs["play_count"].to_numpy(),
    )
