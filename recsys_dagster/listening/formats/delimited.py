"""Histories as CSV or TSV: every shape that the tools for Last.fm write."""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.csv_lines import (
    DOUBTFUL,
    LINE,
    PROBLEM,
    column_names,
    scan_carefully,
    scan_quickly,
)
from recsys_dagster.files.csv_shape import CsvShape
from recsys_dagster.files.sample import Sample
from recsys_dagster.listening.formats.columns import Columns, find_columns, shown
from recsys_dagster.listening.formats.times import (
    NOT_UNDERSTOOD,
    SHAPES,
    parse_times,
    shape_of_times,
)
from recsys_dagster.listening.formats.verdict import judged
from recsys_dagster.listening.schema import EXAMPLE, NOTE

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class TableLayout:
    """How a file is laid out, and which of its columns are which."""

    shape: CsvShape
    columns: Columns


class DelimitedHistory:
    """Reads a table of listens, one a line; subclasses tell how it is laid out.

    A date of 1970 says that the player's clock was not set: the listen is kept with no time,
    and so is one whose time is not understood. Times without a zone are taken as UTC.
    """

    name = "Last.fm CSV"
    version = 2
    rank = 2
    slack = 0
    source = "lastfm_csv"

    def layout(self, sample: Sample) -> TableLayout | None:
        """The layout of a file of this kind; `None` for any other."""
        raise NotImplementedError

    def recognises(self, sample: Sample) -> bool:
        """Whether the first lines are those of such a table."""
        return self.layout(sample) is not None

    def names_listeners(self, sample: Sample) -> bool:
        """Whether there is a column with the listener."""
        return self._layout(sample).columns.user is not None

    def quick_scan(self, sample: Sample, listener: str) -> tuple[pl.LazyFrame, int | None]:
        """Open a file that is likely sound, with times of one shape.

        Returns
        -------
        rows, expected
            As `scan`, but rows that have to be looked at alone are left out as `DOUBTFUL`; and
            how many rows there must be, or `None` where the file is unsound for certain.
        """
        layout = self._layout(sample)
        raw = _times(sample, layout)
        # Most files have the space in front of the hour; halves of a time must never fuse.
        spaced = all(part.startswith(" ") for parts in raw for part in parts[1:])
        joint = "" if spaced else " "
        shape = shape_of_times([joint.join(parts) for parts in raw]) or SHAPES[0]
        rows, expected = scan_quickly(sample.path, layout.shape)
        text = pl.concat_str(_time_columns(layout), separator=joint)
        rows = self._read(rows, layout, listener, text, (shape,))
        unread = pl.col("listened_at").is_null() & pl.col(PROBLEM).is_null()
        doubt = pl.when(unread).then(pl.lit(DOUBTFUL)).otherwise(PROBLEM).alias(PROBLEM)
        rows = rows.with_columns(doubt, pl.lit(None, pl.String).alias(NOTE))
        return judged(rows.drop("text"), self.source, sound=True), expected

    def scan(self, sample: Sample, listener: str, workspace: Path) -> pl.LazyFrame:
        """Open a file lazily; see `HistoryFormat.scan`."""
        layout = self._layout(sample)
        rows = scan_carefully(sample.path, layout.shape, workspace)
        parts = [part.str.strip_chars() for part in _time_columns(layout)]
        rows = self._read(rows, layout, listener, pl.concat_str(parts, separator=" "), SHAPES)
        unread, text = pl.col("listened_at").is_null(), pl.col("text").str.slice(0, 40)
        rows = rows.with_columns(
            pl.when(unread).then(pl.lit(NOT_UNDERSTOOD)).alias(NOTE),
            pl.when(unread).then(text).alias(EXAMPLE),
        )
        return judged(rows, self.source)

    def _layout(self, sample: Sample) -> TableLayout:
        layout = self.layout(sample)
        if layout is None:
            raise RecsysError(f"{sample.path.name} is no {self.name}.")
        return layout

    def _read(
        self,
        rows: pl.LazyFrame,
        layout: TableLayout,
        listener: str,
        time: pl.Expr,
        shapes: tuple[str, ...],
    ) -> pl.LazyFrame:
        """The columns that `judged` takes but the note, and the text of the time."""
        columns, names = layout.columns, column_names(layout.shape.width)
        user = pl.lit(listener) if columns.user is None else pl.col(names[columns.user])
        none = pl.lit(None, pl.String)
        named = rows.select(
            user.alias("user"),
            pl.col(names[columns.artist]).alias("artist"),
            pl.col(names[columns.title]).alias("title"),
            (none if columns.album is None else pl.col(names[columns.album])).alias("album"),
            time.alias("text"),
            pl.lit(None, pl.Int64).alias("ms_played"),
            none.alias("spotify_id"),
            none.alias(EXAMPLE),
            LINE,
            PROBLEM,
        )
        return named.with_columns(parse_times(pl.col("text"), shapes).alias("listened_at"))


class LastfmCsv(DelimitedHistory):
    """A table whose first line names the columns, in any order and by any of their usual names.

    Among them the Kaggle file (`Username,Artist,Track,Album,Date,Time`), `uts,utc_time,artist,…`,
    `utc_time,artist,album,track`, `artist,…,timestamp,datetime` and an R data frame.
    """

    def layout(self, sample: Sample) -> TableLayout | None:
        """The columns by the header's names."""
        if _is_data(sample.columns):
            return None
        columns = find_columns(sample.columns, sample.path.name)
        layout = columns and TableLayout(sample.shape, columns)
        if layout and _has_no_day(sample, layout):
            raise RecsysError(
                f"{sample.path.name}, line 1: which column is the date? Found "
                f"{shown(sample.columns)}, and times without a day. Add a column 'date'."
            )
        return layout or None


class LastfmToCsv(DelimitedHistory):
    """The table that lastfm-to-csv writes, without a header: artist, album, track, date."""

    def layout(self, sample: Sample) -> TableLayout | None:
        """Four fields, the last of them a time."""
        first = sample.columns
        if len(first) != 4 or sample.shape.separator != "," or not _is_time(first[3]):
            return None
        shape = CsvShape(("artist", "album", "track", "date"), header=False)
        return TableLayout(shape, Columns(artist=0, album=1, title=2, time=(3,)))


class Lastfm1K(DelimitedHistory):
    """The listens of the Last.fm-1K dataset: userid, timestamp, artid, artname, traid, traname."""

    name = "Last.fm-1K dataset"
    source = "lastfm_1k"

    def layout(self, sample: Sample) -> TableLayout | None:
        """Six fields between tabs, the second of them a time."""
        first = sample.columns
        if len(first) != 6 or sample.shape.separator != "\t" or not _is_time(first[1]):
            return None
        names = ("userid", "timestamp", "artid", "artname", "traid", "traname")
        shape = CsvShape(names, "\t", quote=None, header=False)
        return TableLayout(shape, Columns(user=0, artist=3, title=5, time=(1,)))


@lru_cache(maxsize=1 << 6)
def _is_time(text: str) -> bool:
    """Every format asks it of a file's first line, some more than once."""
    return shape_of_times([text.strip()]) is not None


def _is_data(first: tuple[str, ...]) -> bool:
    """Whether a first line holds a time, as no header does; years and small numbers are names."""
    return any(len(field) >= len("1 Jan 2021 1:00") and _is_time(field) for field in first)


def _has_no_day(sample: Sample, layout: TableLayout) -> bool:
    """Whether the only time is a time of day, as far as the first lines tell."""
    name = layout.shape.columns[layout.columns.time[0]].lower()
    times = ["".join(parts).strip() for parts in _times(sample, layout)]
    clocks = [len(text) <= len("00:00:00") and ":" in text for text in times if text]
    return (name == "time" and len(layout.columns.time) == 1) and all(clocks)


def _times(sample: Sample, layout: TableLayout) -> list[list[str]]:
    """The parts of the times of the first lines."""
    found = []
    for line in sample.lines[int(layout.shape.header) : _LOOKED_AT]:
        try:
            fields = layout.shape.fields(line.rstrip("\r"))
        except csv.Error:
            continue
        if len(fields) > max(layout.columns.time):
            found.append([fields[position] for position in layout.columns.time])
    return found


def _time_columns(layout: TableLayout) -> list[pl.Expr]:
    names = column_names(layout.shape.width)
    return [pl.col(names[position]) for position in layout.columns.time]
