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
    columns: tuple[str, ...]
    """The columns without which a file is not of this kind."""

    def recognises(self, sample: Sample) -> bool:
        """Tell from the content, never from the name, whether a file is of this kind."""

    def scan(self, sample: Sample, workspace: Path) -> pl.LazyFrame:
        """Open a file lazily: the listens schema, and line, left_out, note and example.

        `workspace` is a directory for what the reader needs beside the file; it outlives the
        frame.
        """
