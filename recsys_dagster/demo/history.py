"""The listening history, row for row as the Last.fm export has it."""

from datetime import timedelta
from typing import BinaryIO

import numpy as np
import polars as pl

from recsys_dagster.demo.draw import Flags
from recsys_dagster.demo.plays import Plays
from recsys_dagster.demo.sessions import DAYS, FIRST_DAY
from recsys_dagster.demo.world import World

HEADER = b'"",Username,Artist,Track,Album,Date,Time\n'
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY_MINUTES = 24 * 60


def usernames(count: int) -> pl.Series:
    """Return ``listener_001`` and so on, all of one length."""
    width = max(3, len(str(count)))
    return pl.Series([f"listener_{number:0{width}d}" for number in range(1, count + 1)])


def history_rows(
    world: World, plays: Plays, respelled: Flags, names: pl.Series, first_row: int
) -> pl.DataFrame:
    """Turn plays into rows, the newest first for each listener.

    Parameters
    ----------
    world
        Where the songs' names are.
    plays
        What was played, shapes (listens,).
    respelled
        Shape (listens,): whether the title is spelled the other way.
    names
        The usernames of the listeners in `plays`.
    first_row
        The index of the first row in the file.
    """
    order = np.lexsort((-plays.minute, plays.owner))
    song, minute = plays.song[order], plays.minute[order]
    title = world.names.title.gather(song)
    other = world.names.respelled.gather(song)
    return pl.DataFrame(
        {
            "index": np.arange(first_row, first_row + len(order)),
            "Username": names.gather(plays.owner[order]),
            "Artist": world.names.artist.gather(world.song_artist[song]),
            "Track": other.zip_with(pl.Series(respelled), title),
            "Album": world.names.album.gather(song),
            "Date": _dates().gather(minute // DAY_MINUTES),
            "Time": _times().gather(minute % DAY_MINUTES),
        }
    )


def append_rows(rows: pl.DataFrame, file: BinaryIO) -> None:
    """Append rows to a file that has its header."""
    rows.write_csv(file, include_header=False)


def _dates() -> pl.Series:
    # strftime would write the months in the language of the computer.
    days = [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]
    return pl.Series([f"{day.day:02d} {MONTHS[day.month - 1]} {day.year}" for day in days])


def _times() -> pl.Series:
    return pl.Series([f" {m // 60:02d}:{m % 60:02d}" for m in range(DAY_MINUTES)])
