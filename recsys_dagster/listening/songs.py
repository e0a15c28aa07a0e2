"""The unique songs, each with an id for good."""

import polars as pl

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
    `SONGS_SCHEMA`, sorted by `song_id`.
    """
    known = pl.DataFrame(schema=SONGS_SCHEMA) if known is None else known
    played = _played_songs(interactions).collect(engine="streaming")
    kept = known.select("song_id", "song_key", old_artist="artist", old_title="title")
    kept = kept.with_columns(old_spotify_id=known["spotify_id"])
    new = played.join(known, on="song_key", how="anti").sort(
        ["plays", "song_key"], descending=[True, False]
    )
    ids = pl.int_range(known.height, known.height + pl.len(), dtype=pl.Int32)
    appended = new.select(ids.alias("song_id"), "song_key")
    everything = pl.concat([kept, appended], how="diagonal").join(played, on="song_key", how="left")
    return (
        everything.select(
            "song_id",
            pl.coalesce("artist", "old_artist").alias("artist"),
            pl.coalesce("title", "old_title").alias("title"),
            "song_key",
            pl.col("plays").fill_null(0),
            pl.col("listeners").fill_null(0),
            pl.coalesce("spotify_id", "old_spotify_id").alias("spotify_id"),
            (pl.col("song_id") // BATCH_SIZE).alias("batch"),
        )
        .sort("song_id")
        .cast(SONGS_SCHEMA)
    )


def _played_songs(interactions: pl.LazyFrame) -> pl.LazyFrame:
    spelled = interactions.group_by("song_key", "artist", "title").agg(
        pl.col("play_count").sum().alias("plays"),
        pl.len().alias("listeners"),
        pl.col("spotify_id").min(),
    )
    by_use = [-pl.col("plays"), pl.col("artist"), pl.col("title")]
    return spelled.group_by("song_key").agg(
        pl.col("artist", "title").sort_by(by_use).first(),
        pl.col("plays").sum(),
        pl.col("listeners").sum(),
        pl.col("spotify_id").min(),
    )
