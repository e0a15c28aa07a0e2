"""What several sources say of the same songs, in one table."""

from collections.abc import Sequence

import polars as pl

from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.audio.sources.base import (
    BLOCKED,
    ERROR,
    FOUND,
    NO_FEATURES,
    NOT_FOUND,
    FeatureSource,
)

_BEST_FIRST = (NO_FEATURES, BLOCKED, ERROR, NOT_FOUND)
"""What is said of a song without features, where sources say different things."""

AUDIO_SCHEMA = pl.Schema(
    {
        "song_id": pl.Int32(),
        **dict.fromkeys(FEATURES, pl.Float64()),
        "status": pl.String(),
        "source": pl.String(),
        "origin": pl.Struct(dict.fromkeys(FEATURES, pl.String())),
        REFUSED: pl.String(),
        "score": pl.Float64(),
        "retry_at": pl.Float64(),
        "expires_at": pl.Float64(),
    }
)
"""One row a song. `status` as in `LOOKED_UP`; `origin` has the source of each feature and
`source` all of them, joined by "+"; `score` is that of the worst match used; `retry_at` (unix
seconds) is when to ask again for what is missing, and `expires_at` from when on some of the values
may not be kept."""


def look_up_everywhere(songs: pl.DataFrame, sources: Sequence[FeatureSource]) -> pl.DataFrame:
    """Fill the songs' features from each source in turn; what is known is not asked again."""
    table = songs.select(
        "song_id",
        *(pl.lit(False).alias(f"is_{status}") for status in _BEST_FIRST),
        pl.lit(None, pl.Float64).alias("score"),
        pl.lit(None, pl.Float64).alias("retry_at"),
        pl.lit(None, pl.Float64).alias("expires_at"),
        *(pl.lit(None, pl.Float64).alias(name) for name in FEATURES),
        *(pl.lit(None, pl.String).alias(f"origin_{name}") for name in FEATURES),
        pl.lit(None, pl.String).alias(REFUSED),
    )
    for source in sources:
        lacking = table.filter(pl.any_horizontal(pl.col(FEATURES).is_null())).select("song_id")
        if lacking.height:
            found = source.look_up(songs.join(lacking, on="song_id", how="semi"))
            table = _merge(table, found, source.name)
    return table.select(_described()).cast(AUDIO_SCHEMA)


def _merge(table: pl.DataFrame, found: pl.DataFrame, source: str) -> pl.DataFrame:
    if not found.height:
        return table
    both = table.join(found, on="song_id", how="left", suffix="_new", maintain_order="left")

    def is_new(name: str) -> pl.Expr:
        return pl.col(name).is_null() & pl.col(f"{name}_new").is_not_null()

    def origin(name: str) -> pl.Expr:
        before = f"origin_{name}"
        return pl.when(is_new(name)).then(pl.lit(source)).otherwise(before).alias(before)

    expiry = pl.when(pl.any_horizontal(map(is_new, FEATURES))).then("expires_at_new")
    refusals = pl.concat_str(REFUSED, f"{REFUSED}_new", separator="; ", ignore_nulls=True)
    return both.select(
        "song_id",
        *(
            pl.col(f"is_{status}") | (pl.col("status") == status).fill_null(value=False)
            for status in _BEST_FIRST
        ),
        pl.min_horizontal("score", "score_new"),
        pl.min_horizontal("retry_at", "retry_at_new"),
        pl.min_horizontal("expires_at", expiry),
        *(pl.coalesce(name, f"{name}_new").alias(name) for name in FEATURES),
        *(origin(name) for name in FEATURES),
        pl.when(refusals != "").then(refusals).alias(REFUSED),
    )


def _described() -> list[pl.Expr]:
    origins = [f"origin_{name}" for name in FEATURES]
    found = pl.any_horizontal(pl.col(FEATURES).is_not_null())
    whole = pl.all_horizontal(pl.col(FEATURES).is_not_null())
    sources = pl.concat_list(origins).list.drop_nulls().list.unique(maintain_order=True)
    reason = pl.lit(NOT_FOUND)
    for status in reversed(_BEST_FIRST):
        reason = pl.when(f"is_{status}").then(pl.lit(status)).otherwise(reason)
    return [
        pl.col("song_id"),
        *(pl.col(name) for name in FEATURES),
        pl.when(found).then(pl.lit(FOUND)).otherwise(reason).alias("status"),
        pl.when(found).then(sources.list.join("+")).alias("source"),
        pl.struct(pl.col(f"origin_{name}").alias(name) for name in FEATURES).alias("origin"),
        pl.col(REFUSED),
        pl.when(found).then("score").alias("score"),
        pl.when(~whole).then("retry_at").alias("retry_at"),
        pl.col("expires_at"),
    ]
