"""The catalogue of audio features, which knows most of the songs."""

import numpy as np
import polars as pl

from recsys_dagster.demo.world import World

UNKNOWN_METRE = 0.01
"""Share of the rows whose time signature is missing."""


def catalogue_rows(world: World, coverage: float, rng: np.random.Generator) -> pl.DataFrame:
    """Return the features of a random share of the songs, in random order.

    Parameters
    ----------
    world
        The songs and their sound.
    coverage
        Share of the songs to keep; at least one is kept.
    rng
        Source of chance.

    Returns
    -------
    pl.DataFrame
        The columns artists, track_name and the features, on Spotify's scales.
    """
    songs = len(world.song_artist)
    kept = rng.permutation(songs)[: max(1, round(coverage * songs))]
    rows = world.sound.features[kept].insert_column(
        0, world.names.title.gather(kept).alias("track_name")
    )
    artist = world.names.artist.gather(world.song_artist[kept])
    rows = rows.insert_column(0, artist.alias("artists"))
    known = pl.Series(rng.random(len(kept)) >= UNKNOWN_METRE)
    metre = pl.when(known).then(pl.col("time_signature"))
    return rows.with_columns(metre.alias("time_signature"))
