"""A history that a visitor brings: read for the moment, matched with the catalogue, not kept."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.names import safe_relative
from recsys_dagster.histories.times import times_of
from recsys_dagster.listening.interactions import count_interactions
from recsys_dagster.listening.listens import ListensTable, scan_listens, sync_listens
from recsys_dagster.listening.readings import sentences_about
from recsys_dagster.recommend.history import History
from recsys_dagster.recommend.packing import Histories
from recsys_dagster.storage.tables import scan_table

MOST_BYTES = 50 << 20
"""Of a file that is brought."""
MOST_UNPACKED = 512 << 20
"""Bytes that may come out of a zip: what 50 MB of listens are as JSON."""
UNMATCHED_SHOWN = 20
_PATIENCE = 30.0
_ONE_AT_A_TIME = threading.BoundedSemaphore(1)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visitor brought.

    Attributes
    ----------
    listener
        Whose it is, as the file says.
    others
        How many more listeners the file holds; they were passed over.
    listens, songs
        Of that listener, whether the catalogue knows them or not.
    history
        The songs that the catalogue has; hours and months are those of all listens.
    unmatched
        Some songs that it does not have, most played first: artist, title and plays.
    remarks
        What could not be read, in words.
    """

    listener: str
    others: int
    listens: int
    songs: int
    history: History
    unmatched: tuple[tuple[str, str, int], ...]
    remarks: tuple[str, ...]


def read_visit(name: str, content: bytes, catalogue: Path) -> Visit:
    """Read a history file, or a zip of such, for somebody who is only visiting.

    It lies in a private temporary folder while it is read, and is removed with all that was made
    of it. One is read at a time: many at once must not take all of the machine.

    Parameters
    ----------
    name
        Of the file; may say whose it is.
    content
        Its bytes.
    catalogue
        The table of songs of a release.

    Raises
    ------
    RecsysError
        It is too big, no history, or holds no listens; the message says what to do.
    """
    if len(content) > MOST_BYTES:
        raise RecsysError(
            f"The file has {len(content) / 1e6:,.0f} MB; at most {MOST_BYTES / 1e6:,.0f} MB can "
            "be read here. Import it with `recsys import`."
        )
    with _alone(), TemporaryDirectory(prefix="recsys-visit-") as folder:
        try:
            return _read(name, content, catalogue, Path(folder))
        except OSError as error:
            raise RecsysError(f"The file cannot be read here: {error.strerror or error}.") from None
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            what = str(error).partition("\n")[0]
            raise RecsysError(f"The file cannot be read as a history: {what}") from None


@contextmanager
def _alone() -> Iterator[None]:
    if not _ONE_AT_A_TIME.acquire(timeout=_PATIENCE):
        raise RecsysError("Another history is being read just now. Try again in a minute.")
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


def _read(name: str, content: bytes, catalogue: Path, folder: Path) -> Visit:
    brought = folder / "raw" / (safe_relative(name.replace("/", "_").lstrip(".")) or "history")
    brought.parent.mkdir()
    brought.write_bytes(content)
    found = sync_listens(
        [brought],
        brought.parent,
        folder / "listens",
        folder / "readings",
        most_unpacked=MOST_UNPACKED,
    )
    listens = scan_listens(folder / "listens")
    counts = listens.group_by("user").agg(pl.len()).sort("len", "user", descending=[True, False])
    users = counts.collect(engine="streaming")
    own = listens.filter(pl.col("user") == users["user"][0])
    return _matched(own, users, catalogue, found)


def _matched(
    listens: pl.LazyFrame, users: pl.DataFrame, catalogue: Path, found: ListensTable
) -> Visit:
    """Match the songs of the first of the users with the catalogue."""
    interactions = count_interactions(listens).collect().filter(pl.col("play_count") > 0)
    known = scan_table(catalogue).filter(pl.col("plays") > 0).select("song_key", "song_id")
    songs = known.join(interactions.lazy().select("song_key"), on="song_key", how="semi").collect()
    listener = str(users["user"][0])
    others = interactions.join(songs, on="song_key", how="anti")
    shown = others.sort("play_count", "artist", "title", descending=[True, False, False])
    return Visit(
        listener,
        users.height - 1,
        int(users["len"][0]),
        interactions.height,
        _history(listener, listens, interactions, songs),
        tuple(shown.head(UNMATCHED_SHOWN).select("artist", "title", "play_count").rows()),
        (*found.refused, *sentences_about(found.readings)),
    )


def _history(
    listener: str, listens: pl.LazyFrame, interactions: pl.DataFrame, songs: pl.DataFrame
) -> History:
    pairs = interactions.join(songs, on="song_key").sort("song_id")
    times = times_of(listens, interactions.lazy(), songs.lazy(), (listener,))
    starts = np.array([0, pairs.height], dtype=np.int64)
    ids, plays = pairs["song_id"].cast(pl.Int32).to_numpy(), pairs["play_count"].to_numpy()
    return Histories((listener,), starts, ids, plays, times).history(listener)
