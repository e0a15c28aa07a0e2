"""What a history format is."""

from pathlib import Path
from typing import Protocol

import polars as pl

from recsys_dagster.files.sample import Sample


class HistoryFormat(Protocol):
    """One kind of history file. A new one is a class with these, named in `FORMATS`."""

    name: str
    """How users call it, such as "Last.fm CSV"."""
    version: int
    """Raised when the reader changes, so that files are read again."""
    rank: int
    """Which source tells most of a listen: of equal listens in two files, the lower rank stays."""
    slack: int
    """Seconds by which a time may be off, either way: 60 where it is worked out from the end of
    the play, 0 where the source has it."""

    def recognises(self, sample: Sample) -> bool:
        """Tell from the content, never from the name, whether a file is of this kind.

        Raises
        ------
        RecsysError
            The file is of this kind, but cannot be used as it is; the message says why.
        """

    def names_listeners(self, sample: Sample) -> bool:
        """Whether each row says whose it is; otherwise the file is one listener's."""

    def scan(self, sample: Sample, listener: str, workspace: Path) -> pl.LazyFrame:
        """Open a file lazily: the listens schema, and line, left_out, note and example.

        `listener` is whose listens they are, where the rows do not say. `workspace` is a
        directory for what the reader needs beside the file; it outlives the frame.
        """
