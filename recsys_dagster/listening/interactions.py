"""Who played which song how often, and the arrays that models learn from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import narwhals as nw
import numpy as np
import polars as pl
from narwhals.typing import IntoLazyFrame
from numpy.typing import NDArray
from polars.io.plugins import register_io_source

from recsys_dagster.frames import Frame, frame
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
_SPELLING = ["user", "artist", "title"]


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
    counts = nw.to_native(spelled(listens.with_row_index("row"), _SPELLING, cut))
    with_ids = listens.filter(pl.col("spotify_id").is_not_null())
    ids = with_ids.group_by(*_SPELLING, "spotify_id").agg(pl.len().alias("listens"))
    keyed = keys.add(counts.collect(engine="streaming"))
    found = settled(keyed, keys.add(ids.collect(engine="streaming")))
    return found.sort("user", "row").select(*INTERACTIONS_SCHEMA)


def spelled(listens: IntoLazyFrame, by: Sequence[str], cut: datetime | None) -> Frame:
    """What is counted of the listens that are spelled alike, on either engine.

    Parameters
    ----------
    listens
        Columns of `LISTENS_SCHEMA`, and `row`: the place in the table of listens.
    by
        The columns that tell them apart.
    cut
        See `count_interactions`.

    Returns
    -------
    The columns of `by`, listens, play_count, early_plays, first_listen, last_listen and row.
    """
    late = nw.lit(False) if cut is None else (nw.col("listened_at") >= cut).fill_null(False)
    marked = frame(listens).with_columns(
        played=(~nw.col("burst")).cast(nw.Int64), early=(~nw.col("burst") & ~late).cast(nw.Int64)
    )
    return marked.group_by(*by).agg(
        nw.len().alias("listens"),
        nw.col("played").sum().alias("play_count"),
        nw.col("early").sum().alias("early_plays"),
        nw.col("listened_at").min().alias("first_listen"),
        nw.col("listened_at").max().alias("last_listen"),
        nw.col("row").min().alias("row"),
    )


def settled(spellings: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """One row for each listener and song, in any order.

    Parameters
    ----------
    spellings
        As `spelled` counts them by listener, artist and title, with `song_key`.
    ids
        By which listeners played their songs: user, song_key, spotify_id and listens; they may
        stand there several times.

    Returns
    -------
    `INTERACTIONS_SCHEMA`, and `row`.
    """
    columns = [name for name in INTERACTIONS_SCHEMA if name != "spotify_ids"]
    again = spellings.select(pl.struct("user", "song_key").is_duplicated()).to_series()
    merged = _merged(spellings.filter(again))
    once = [one.select(*columns, "row") for one in (spellings.filter(~again), merged)]
    return pl.concat(once).join(_most_played(ids), on=["user", "song_key"], how="left")


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


def _most_played(ids: pl.DataFrame) -> pl.DataFrame:
    """The ids by which listeners played their songs, the most played first."""
    return (
        ids.group_by("user", "song_key", "spotify_id")
        .agg(pl.col("listens").sum())
        .sort("listens", "spotify_id", descending=[True, False])
        .group_by("user", "song_key", maintain_order=True)
        .agg(pl.col("spotify_id").alias("spotify_ids"))
    )


def interaction_arrays(interactions: pl.LazyFrame, songs: pl.LazyFrame) -> InteractionArrays:
    """Interactions as arrays, songs by their `song_id`, listeners in alphabetical order."""
    known = songs.select("song_key", pl.col("song_id").cast(pl.Int32))
    users = interactions.select("user").unique().collect(engine="streaming")["user"].sort()
    user = pl.col("user").cast(pl.Enum(users)).to_physical().cast(pl.Int64)
    pairs = (
        interactions.join(known, on="song_key")
        .select(user, "song_id", "play_count", "early_plays")
        .sort(pl.col("user") * 2**32 + pl.col("song_id"))  # one number is sorted faster than two
        .collect(engine="streaming")
    )
    of = pairs["user"].to_numpy()
    there = np.bincount(of, minlength=len(users)) > 0
    return InteractionArrays(
        tuple(users.filter(pl.Series(there))),
        (np.cumsum(there, dtype=np.int32) - 1)[of],
        pairs["song_id"].to_numpy(),
        pairs["play_count"].to_numpy(),
        pairs["early_plays"].to_numpy(),
    )
