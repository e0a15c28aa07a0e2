"""The unique songs, each with an id for good."""

import narwhals as nw
import polars as pl
from narwhals.typing import IntoLazyFrame

from recsys_dagster.frames import Frame, frame

BATCH_SIZE = 500
"""Songs in a batch of audio features: `batch = song_id // BATCH_SIZE`."""

SONGS_SCHEMA = pl.Schema(
    {
        "song_id": pl.Int32(),
        "artist": pl.String(),
        "title": pl.String(),
        "song_key": pl.String(),
        "plays": pl.Int64(),
        "listeners": pl.Int32(),
        "spotify_id": pl.String(),
        "spotify_ids": pl.List(pl.String()),
        "batch": pl.Int32(),
    }
)


def unique_songs(interactions: pl.LazyFrame, known: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row a song; ids are dense and append-only: an id never changes its song.

    New songs get the next ids, most played first, so that the first batches hold what matters
    most. A song that nobody plays any more keeps its row, with 0 plays.

    Parameters
    ----------
    interactions
        As `count_interactions` gives them.
    known
        The table as it was before (`SONGS_SCHEMA`), or `None` the first time.

    Returns
    -------
    `SONGS_SCHEMA`, sorted by `song_id`. One song can have several Spotify ids: `spotify_ids`
    are all that were ever seen, those of most listeners first; `spotify_id` is the first.
    """
    spellings, ids = (nw.to_native(count(interactions)) for count in (spelling_counts, id_counts))
    return number_songs(spellings, ids, known)


def spelling_counts(interactions: IntoLazyFrame) -> Frame:
    """How each song is spelled, on either engine: song_key, artist, title, plays and listeners."""
    return (
        frame(interactions)
        .group_by("song_key", "artist", "title")
        .agg(nw.col("play_count").sum().alias("plays"), nw.len().alias("listeners"))
    )


def id_counts(interactions: IntoLazyFrame) -> Frame:
    """How many listeners have a song by an id, on either engine: song_key, spotify_ids and len."""
    with_ids = frame(interactions).select("song_key", "spotify_ids").drop_nulls("spotify_ids")
    each = with_ids.explode("spotify_ids").drop_nulls("spotify_ids")  # an empty list gives a null
    return each.group_by("song_key", "spotify_ids").agg(nw.len().alias("len"))


def number_songs(
    spellings: pl.LazyFrame, ids: pl.LazyFrame, known: pl.DataFrame | None
) -> pl.DataFrame:
    """`unique_songs` from `spelling_counts` and `id_counts`, which have a row a song or few."""
    known = pl.DataFrame(schema=SONGS_SCHEMA) if known is None else known
    if "spotify_ids" not in known.columns:  # a table as the first version wrote it
        known = known.with_columns(
            pl.concat_list("spotify_id").list.drop_nulls().alias("spotify_ids")
        )
    played = _played_songs(spellings, ids).collect(engine="streaming")
    kept = known.select(
        "song_id", "song_key", old_artist="artist", old_title="title", old_ids="spotify_ids"
    )
    new = played.join(known, on="song_key", how="anti").sort(
        ["plays", "song_key"], descending=[True, False]
    )
    numbers = pl.int_range(known.height, known.height + pl.len(), dtype=pl.Int32)
    appended = new.select(numbers.alias("song_id"), "song_key")
    everything = pl.concat([kept, appended], how="diagonal").join(played, on="song_key", how="left")
    both = pl.concat_list(
        pl.col(name).fill_null(pl.lit([], pl.List(pl.String)))
        for name in ("spotify_ids", "old_ids")
    )
    spotify_ids = both.list.unique(maintain_order=True)
    return (
        everything.select(
            "song_id",
            pl.coalesce("artist", "old_artist").alias("artist"),
            pl.coalesce("title", "old_title").alias("title"),
            "song_key",
            pl.col("plays").fill_null(0),
            pl.col("listeners").fill_null(0),
            spotify_ids.list.first().alias("spotify_id"),
            spotify_ids.alias("spotify_ids"),
            (pl.col("song_id") // BATCH_SIZE).alias("batch"),
        )
        .sort("song_id")
        .cast(SONGS_SCHEMA)
    )


def _played_songs(spellings: pl.LazyFrame, ids: pl.LazyFrame) -> pl.LazyFrame:
    by_use = spellings.sort("plays", "artist", "title", descending=[True, False, False])
    songs = by_use.group_by("song_key", maintain_order=True).agg(
        pl.col("artist", "title").first(), pl.col("plays").sum(), pl.col("listeners").sum()
    )
    return songs.join(_most_heard(ids), on="song_key", how="left")


def _most_heard(ids: pl.LazyFrame) -> pl.LazyFrame:
    """The ids of each song that has any, those of most listeners first."""
    return (
        ids.sort("len", "spotify_ids", descending=[True, False])
        .group_by("song_key", maintain_order=True)
        .agg("spotify_ids")
    )
