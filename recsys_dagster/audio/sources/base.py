"""What a source of audio features is."""

from typing import Protocol

import polars as pl


class FeatureSource(Protocol):
    """Something that knows audio features of songs.

    A new source is a class with these, made in `make_sources`. It paces and caches its own
    requests; an exception other than `RecsysError` is a bug.
    """

    name: str
    """As in `RECSYS_FEATURE_SOURCES` and in the column `source`."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever its answers may: batches made with another one are pending again."""

    @property
    def refused_files(self) -> list[str]:
        """In words, the user's files that the source could not use; empty where it reads none."""

    def look_up(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Look up songs that are still missing features.

        Parameters
        ----------
        songs
            song_id, song_key, artist, title, spotify_id.

        Returns
        -------
        One row for each song that the source knows: song_id, `FEATURES` (null where missing)
        and refused. Songs that it does not know are left out.
        """
