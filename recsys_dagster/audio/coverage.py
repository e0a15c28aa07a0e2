"""How many of the songs that are played have audio features, and why the others have none."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage over the songs with at least one play."""

    songs: int
    songs_with_features: int
    by_source: dict[str, int]
    missing_by_reason: dict[str, int]
    share_of_plays: float


def measure_coverage(features: pl.LazyFrame, songs: pl.LazyFrame) -> Coverage:
    """Count songs by what is known of them.

    Parameters
    ----------
    features
        As `AUDIO_SCHEMA`.
    songs
        song_id, plays.
    """
    played = songs.filter(pl.col("plays") > 0).select("song_id", "plays")
    table = played.join(features.select("song_id", "status", "source"), on="song_id", how="left")
    counted = (
        table.group_by("status", "source")
        .agg(pl.len().alias("songs"), pl.col("plays").sum())
        .sort("songs", "source", descending=True)
        .collect(engine="streaming")
    )
    found = counted.filter(pl.col("status") == "found")
    missing = counted.filter(pl.col("status").ne_missing("found"))
    reasons = missing.with_columns(pl.col("status").fill_null("pending"))
    plays = int(counted["plays"].sum())
    return Coverage(
        songs=int(counted["songs"].sum()),
        songs_with_features=int(found["songs"].sum()),
        by_source=dict(found.select("source", "songs").rows()),
        missing_by_reason=dict(reasons.select("status", "songs").rows()),
        share_of_plays=int(found["plays"].sum()) / plays if plays else 0.0,
    )
