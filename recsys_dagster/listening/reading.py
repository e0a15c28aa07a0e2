"""One history file in: recognised by its content, read once, every row accounted for."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, runtime_checkable

import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.csv_lines import DOUBTFUL, LINE
from recsys_dagster.files.sample import Sample, take_sample
from recsys_dagster.listening.formats import FORMATS, HistoryFormat
from recsys_dagster.listening.formats.columns import shown
from recsys_dagster.listening.formats.times import EXPECTED, NOT_UNDERSTOOD
from recsys_dagster.listening.readings import Reading, Remark
from recsys_dagster.listening.schema import EXAMPLE, LEFT_OUT, LISTENS_SCHEMA, NOTE, READ_SCHEMA
from recsys_dagster.masking import masked

MINUTE = 60
_NO_TIME = re.compile(r"[^\w:,+./ -]+")
_LONGEST_TIME = 25


@runtime_checkable
class QuickFormat(Protocol):
    """A format that can be read faster while its file is sound."""

    def quick_scan(self, sample: Sample, listener: str) -> tuple[pl.LazyFrame, int | None]:
        """As `HistoryFormat.scan`, with `DOUBTFUL` rows, and how many rows there must be."""


def recognise(path: Path) -> tuple[HistoryFormat, Sample]:
    """Tell which format a file has.

    Raises
    ------
    RecsysError
        The file is empty, in a wrong encoding, of no known format, or of one whose columns
        cannot be told apart.
    """
    sample = take_sample(path)
    for form in FORMATS:
        if form.recognises(sample):
            return form, sample
    if sample.is_json:
        raise RecsysError(f"{path.name}, line 1: this is JSON, and no listening history in it.")
    raise RecsysError(
        f"{path.name}, line 1: this is no listening history that is known. Found the columns "
        f"{shown(sample.columns)}. Which are the artist, the title and the time? A first line "
        "such as artist,album,track,date tells."
    )


def read_history(path: Path, target: Path, listener: str) -> Reading:
    """Read a history file into a Parquet file of listens, streaming, in the file's order.

    Parameters
    ----------
    path
        The history file.
    target
        Where the listens go (schema `LISTENS_SCHEMA`; no burst is marked yet).
    listener
        Whose listens they are, where the file does not say.

    Raises
    ------
    RecsysError
        As `recognise`.
    """
    return _read(path, target, listener)


def summarise_history(path: Path, listener: str) -> Reading:
    """What `read_history` would find, without writing anything."""
    return _read(path, None, listener)


def _read(path: Path, target: Path | None, listener: str) -> Reading:
    form, sample = recognise(path)
    whose = None if form.names_listeners(sample) else listener
    listener = whose or ""  # where rows name their listeners, one that does not has none
    if isinstance(form, QuickFormat):
        rows, expected = form.quick_scan(sample, listener)
        try:
            reading = None if expected is None else _write(rows, form, path, whose, target)
        except pl.exceptions.PolarsError:
            reading = None
        if reading and reading.rows == expected and DOUBTFUL not in reading.left_out:
            return reading
    with TemporaryDirectory(prefix="recsys-") as workspace:
        rows = form.scan(sample, listener, Path(workspace))
        try:
            return _with_times(_write(rows, form, path, whose, target))
        except pl.exceptions.PolarsError as error:
            what = str(error).partition("\n")[0]
            raise RecsysError(f"{path.name} cannot be read as {form.name}: {what}") from None


def _with_times(reading: Reading) -> Reading:
    """Refuse a file of which no time at all is understood: days and months are then unknown."""
    unread = reading.notes.get(NOT_UNDERSTOOD)
    if unread and unread.example and unread.count == reading.listens:
        raise RecsysError(
            f"{reading.file}, line {unread.first_line}: no time is understood, such as "
            f"{unread.example!r}. Write them like {EXPECTED}."
        )
    return reading


def _write(
    rows: pl.LazyFrame, form: HistoryFormat, path: Path, whose: str | None, target: Path | None
) -> Reading:
    """Write the listens and tell what there was, in one pass."""
    queries = [_counts(rows), _remarks(rows)]
    if target is not None:
        listens = rows.filter(pl.col(LEFT_OUT).is_null()).select(
            *READ_SCHEMA, pl.lit(False).alias("burst")
        )
        queries.append(
            listens.cast(LISTENS_SCHEMA).sink_parquet(
                target, row_group_size=1 << 18, lazy=True, engine="streaming"
            )
        )
    counts, remarks, *_ = pl.collect_all(queries, engine="streaming")
    count, left_out, seconds = counts.row(0)
    return Reading(
        path.name, form.name, count, count - left_out, whose,
        _remarks_of(remarks, LEFT_OUT), _remarks_of(remarks, NOTE),
        form.rank, form.slack, 1 if seconds else MINUTE,
    )  # fmt: skip


def _counts(rows: pl.LazyFrame) -> pl.LazyFrame:
    odd_second = (pl.col("listened_at").dt.second() != 0) & pl.col(LEFT_OUT).is_null()
    return rows.select(
        pl.len(), pl.col(LEFT_OUT).count(), odd_second.fill_null(False).any().alias("seconds")
    )


def _remarks(rows: pl.LazyFrame) -> pl.LazyFrame:
    kept_note = pl.when(pl.col(LEFT_OUT).is_null()).then(NOTE).alias(NOTE)
    return (
        rows.select(LINE, LEFT_OUT, kept_note, EXAMPLE)
        .filter(pl.col(LEFT_OUT).is_not_null() | pl.col(NOTE).is_not_null())
        .group_by(LEFT_OUT, NOTE)
        .agg(pl.len().alias("count"), pl.col(LINE).min(), pl.col(EXAMPLE).sort_by(LINE).first())
        .sort(LINE, LEFT_OUT, NOTE)
    )


def _remarks_of(remarks: pl.DataFrame, kind: str) -> dict[str, Remark]:
    return {
        row[kind]: Remark(row["count"], row[LINE], _example(row[EXAMPLE], kind))
        for row in remarks.iter_rows(named=True)
        if row[kind] is not None
    }


def _example(text: str | None, kind: str) -> str | None:
    """As much of a text as a time can be, without what a person could be told by."""
    return _NO_TIME.sub("…", masked(text))[:_LONGEST_TIME] if text and kind == NOTE else None
