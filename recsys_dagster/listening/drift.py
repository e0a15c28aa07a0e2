"""How much of what was played has changed between two tables of interactions."""

import narwhals as nw
from narwhals.typing import IntoLazyFrame

from recsys_dagster.frames import Frame, collect, frame


def drift(before: IntoLazyFrame, now: IntoLazyFrame) -> float:
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
    earlier, later = frame(before), frame(now)
    had = _total(earlier.select(nw.col("play_count").sum()))
    changed = max(_changed(earlier, later, column) for column in ("user", "song_key"))
    if had == 0:
        return float("inf") if changed else 0.0
    return changed / had


def _changed(before: Frame, now: Frame, column: str) -> int:
    plays = nw.col("play_count").cast(nw.Int64)
    both = nw.concat([before.select(column, plays=-plays), now.select(column, plays=plays)])
    apart = both.group_by(column).agg(nw.col("plays").sum())
    return _total(apart.select(nw.col("plays").abs().sum()))


def _total(sums: Frame) -> int:
    return int(collect(sums).item() or 0)
