"""How much of what was played has changed between two tables of interactions."""

import polars as pl


def drift(before: pl.LazyFrame, now: pl.LazyFrame) -> float:
    """Plays that came or went, as a share of those before.

    Counted by listener and by song, and the larger of both is taken: a listener who left and
    another who came do not cancel out, nor do songs. Memory grows with listeners and songs, not
    with pairs.

    Parameters
    ----------
    before, now
        Have `user`, `song_key` and `play_count`.

    Returns
    -------
    0 for equal plays; infinity where there were none before and are now.
    """
    had = int(before.select(pl.col("play_count").sum()).collect(engine="streaming").item())
    changed = max(_changed(before, now, column) for column in ("user", "song_key"))
    if had == 0:
        return float("inf") if changed else 0.0
    return changed / had


def _changed(before: pl.LazyFrame, now: pl.LazyFrame, column: str) -> int:
    plays = pl.col("play_count").cast(pl.Int64)
    both = pl.concat(
        [before.select(column, plays=-plays), now.select(column, plays=plays)], how="vertical"
    )
    apart = both.group_by(column).agg(pl.col("plays").sum()).select(pl.col("plays").abs().sum())
    return int(apart.collect(engine="streaming").item())
