"""Who played which song how often, and the arrays that models learn from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.io.plugins import register_io_source

from recsys_dagster.identity import SongKeys
from recsys_dagster.listening.ranges import count_listeners, split_by_listener

INTERACTIONS_SCHEMA = pl.Schema(
    {
        "user": pl.String(),
        "song_key": pl.String(),
        "artist": pl.String(),
        "title": pl.String(),
        "play_count": pl.Int64(),
        "early_plays": pl.Int64(),
        "first_listen": pl.Datetime("us", "UTC"),
        "last_listen": pl.Datetime("us", "UTC"),
        "spotify_ids": pl.List(pl.String()),
    }
)


@dataclass(frozen=True, slots=True)
class InteractionArrays:
    """Interactions as arrays, sorted by listener and song; n is the number of pairs.

    Attributes
    ----------
    users
        Names; position is the listener's index.
    user, song
        Indices of the pairs, shape (n,), int32; the song's index is its `song_id`.
    plays, early
        Play counts, and how many of them were before the cut in time, shape (n,), int64.
    """

    users: tuple[str, ...]
    user: NDArray[np.int32]
    song: NDArray[np.int32]
    plays: NDArray[np.int64]
    early: NDArray[np.int64]


def count_interactions(listens: pl.LazyFrame, cut: datetime | None = None) -> pl.LazyFrame:
    """Play count, first and last listen for each listener and song.

    Listeners are counted a range at a time, so memory is bounded however many listens there
    are. Bursts count once. The spelling kept is the listener's own most used one.

    Parameters
    ----------
    listens
        Columns of `LISTENS_SCHEMA`.
    cut
        `early_plays` are those before it, or without a time; by default all are early. See
        `windows.find_cut`.

    Returns
    -------
    `INTERACTIONS_SCHEMA`, one row a listener and song, by listener and in the order of the table of
    listens; `spotify_ids` are those the song was played by, the most played first.
    """

    def counted(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        keys = SongKeys()
        for listeners in split_by_listener(count_listeners(listens)):
            found = _count(listeners.among(listens), keys, cut)
            found = found if rows is None else found.head(rows)
            rows = None if rows is None else rows - found.height
            found = found if predicate is None else found.filter(predicate)
            yield found if columns is None else found.select(columns)
            if rows == 0:
                return

    return register_io_source(counted, schema=INTERACTIONS_SCHEMA)


def _count(listens: pl.LazyFrame, keys: SongKeys, cut: datetime | None) -> pl.DataFrame:
    """The interactions of all listeners in some listens, by listener and first row."""
    numbered = listens.with_row_index("row")
    late = pl.lit(False) if cut is None else (pl.col("listened_at") >= cut).fill_null(False)
    played = ~pl.col("burst")
    spelled = numbered.group_by("user", "artist", "title").agg(
        played.sum().cast(pl.Int64).alias("play_count"),
        (played & ~late).sum().cast(pl.Int64).alias("early_plays"),
        pl.col("listened_at").min().alias("first_listen"),
        pl.col("listened_at").max().alias("last_listen"),
        pl.col("row").min(),
    )
    keyed = keys.add(spelled.collect(engine="streaming"))
    again = keyed.select(pl.struct("user", "song_key").is_duplicated()).to_series()
    counted = pl.concat([keyed.filter(~again), _merged(keyed.filter(again)).select(keyed.columns)])
    ids = _spotify_ids(listens, keys)
    return (
        counted.sort("user", "row")
        .join(ids, on=["user", "song_key"], how="left", maintain_order="left")
        .select(*INTERACTIONS_SCHEMA)
    )


def _merged(spellings: pl.DataFrame) -> pl.DataFrame:
    """One row for each listener and song that stands in several spellings."""
    by_use = spellings.sort("play_count", "artist", "title", descending=[True, False, False])
    return by_use.group_by("user", "song_key", maintain_order=True).agg(
        pl.col("artist", "title").first(),
        pl.col("play_count", "early_plays").sum(),
        pl.col("first_listen").min(),
        pl.col("last_listen").max(),
        pl.col("row").min(),
    )


def _spotify_ids(listens: pl.LazyFrame, keys: SongKeys) -> pl.DataFrame:
    """The ids by which listeners played their songs, the most played first."""
    known = listens.filter(pl.col("spotify_id").is_not_null())
    counts = known.group_by("user", "artist", "title", "spotify_id").agg(pl.len().alias("plays"))
    return (
        keys.add(counts.collect(engine="streaming"))
        .group_by("user", "song_key", "spotify_id")
        .agg(pl.col("plays").sum())
        .sort("plays", "spotify_id", descending=[True, False])
        .group_by("user", "song_key", maintain_order=True)
        .agg(pl.col("spotify_id").alias("spotify_ids"))
    )


def interaction_arrays(interactions: pl.LazyFrame, songs: pl.LazyFrame) -> InteractionArrays:
    """Interactions as arrays, songs by their `song_id`, listeners in alphabetical order."""
    pairs = (
        interactions.select("user", "song_key", "play_count", "early_plays")
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
        pairs["early_plays"].to_numpy(),
    )
