"""What a source of audio features is."""

from typing import Protocol

import polars as pl

from recsys_dagster.audio.features import FEATURES, REFUSED

FOUND, NO_FEATURES, NOT_FOUND, BLOCKED, ERROR = (
    "found", "no_features", "not_found", "blocked", "error",
)  # fmt: skip

LOOKED_UP = pl.Schema(
    {
        "song_id": pl.Int32(),
        **dict.fromkeys(FEATURES, pl.Float64()),
        REFUSED: pl.String(),
        "status": pl.String(),
        "score": pl.Float64(),
        "retry_at": pl.Float64(),
        "expires_at": pl.Float64(),
    }
)
"""What a source says of a song: features (null where missing), and

- `status`: found; no_features (the song is known, its features are not); not_found; blocked (the
  service does not want to be asked now); error (it did not answer);
- `score`: how well the match is, from 0 to 1; null where there is none;
- `retry_at`: unix seconds from which to ask again for what is missing; null for never;
- `expires_at`: unix seconds from which its values may not be kept; null where they may for good.
"""


class OfflineSource:
    """What a source that sends no requests says of itself; see `FeatureSource`."""

    is_service = False

    @property
    def refused_files(self) -> list[str]:
        """None."""
        return []

    @property
    def requests(self) -> int:
        """None."""
        return 0

    @property
    def remarks(self) -> list[str]:
        """None: what it reads is always there."""
        return []

    def close(self) -> None:
        """Nothing to let go of."""


class FeatureSource(Protocol):
    """Something that knows audio features of songs.

    A new source is a class with these, named in `MAKERS`. It paces and caches its own
    requests; an exception other than `RecsysError` is a bug.
    """

    name: str
    """As in `RECSYS_FEATURE_SOURCES` and in the column `source`."""
    is_service: bool
    """Whether it sends requests, whose answers are worth keeping at once."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever its answers may: batches made with another one are pending again."""

    @property
    def refused_files(self) -> list[str]:
        """In words, the user's files that the source could not use; empty where it reads none."""

    @property
    def requests(self) -> int:
        """How many requests it has sent so far; 0 for one that reads files."""

    @property
    def remarks(self) -> list[str]:
        """In words, what kept it from answering, such as until when it is blocked."""

    def close(self) -> None:
        """Let go of connections and files."""

    def look_up(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Look up songs that are still missing features.

        Parameters
        ----------
        songs
            song_id, song_key, artist, title, spotify_ids.

        Returns
        -------
        `LOOKED_UP`, one row for each song of which there is something to say. Songs that are
        left out are not known to the source, and asking again would not help until its
        `fingerprint` changes.
        """
