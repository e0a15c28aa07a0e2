"""Which songs have ids already; ids outlive the table of songs, for every release has them."""

from pathlib import Path

import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.songs import SONGS_SCHEMA
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Release, Releases
from recsys_dagster.storage.tables import is_sealed, read_sealed, read_table


def known_songs(layout: Layout) -> tuple[pl.DataFrame | None, str | None]:
    """The songs with the ids that they have; and in words, where they are not from the table.

    Bookmarks and playlists hold on to ids. Where the table was lost or damaged, the newest whole
    release has the ids of all songs that anybody can have seen. `None`: no song has one yet.
    """
    table, there = read_sealed(layout.songs), layout.songs.exists()
    if table is not None:
        return table, None
    release = Releases(layout.releases).newest_whole()
    released = _released(release) if release else None
    table = None if is_sealed(layout.songs) else _as_it_is(layout.songs)
    if table is not None and (released is None or _goes_on(table, released)):
        return table, None  # as the first versions wrote it
    if release is None:
        return None, (
            "The table of songs was damaged, and there is no release to read ids from: songs "
            "have new ids." if there else None
        )  # fmt: skip
    what = "was damaged" if there else "was gone"
    return released, f"The table of songs {what}; songs keep the ids of release {release.id}."


def _released(release: Release) -> pl.DataFrame:
    """Without the columns that a release adds; releases of the first versions lack some."""
    songs = read_table(release.path / "songs.parquet")
    return songs.select(name for name in SONGS_SCHEMA if name in songs.columns)


def _as_it_is(path: Path) -> pl.DataFrame | None:
    try:
        return read_table(path)
    except RecsysError:
        return None


def _goes_on(table: pl.DataFrame, released: pl.DataFrame) -> bool:
    """Whether a table begins with the songs of a release, under the same ids."""
    ids = ["song_id", "song_key"]
    try:
        return table.head(released.height).select(ids).equals(released.select(ids))
    except pl.exceptions.ColumnNotFoundError:
        return False
