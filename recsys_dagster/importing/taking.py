"""One file in: told apart by its content, and put where it belongs."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import polars as pl

from recsys_dagster.audio.catalogue import read_catalogue
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.errors import RecsysError
from recsys_dagster.files.sample import Sample, take_sample
from recsys_dagster.importing.report import Imported
from recsys_dagster.importing.shelf import Shelf
from recsys_dagster.importing.sources import Source
from recsys_dagster.listening.formats import FORMATS
from recsys_dagster.listening.formats.columns import shown
from recsys_dagster.listening.naming import listener_folder, listener_of
from recsys_dagster.listening.reading import summarise_history

_TABLES = frozenset({".csv", ".tsv", ".parquet"})
_PARQUET = b"PAR1"
_JSON_KINDS = (
    "a Spotify export has StreamingHistory_music_0.json or Streaming_History_Audio_….json, "
    "a ListenBrainz export listens/2024/1.jsonl"
)


class NotOursError(RecsysError):
    """A file that is nothing like a history or a catalogue."""


class NoListensError(RecsysError):
    """A history in which no row is a listen."""


def take(source: Source, shelf: Shelf, user: str | None) -> Imported:
    """Recognise a file and put it on the shelf.

    Parameters
    ----------
    source
        The file.
    shelf
        Where it is put.
    user
        Whose it is, if it does not say so; by default whom its path names.

    Raises
    ------
    NotOursError, NoListensError
        It holds nothing that is wanted.
    RecsysError
        It nearly does, or cannot be read; the message says what to do.
    """
    if _is_parquet(source.file):
        return _take_parquet(source, shelf)
    sample = _sample(source.file)
    if any(form.recognises(sample) for form in FORMATS):
        return _take_history(source, shelf, user)
    if sample.is_json:
        raise NotOursError(
            f"{source.file.name} is JSON, but no listening history that is known: {_JSON_KINDS}."
        )
    try:
        return _take_catalogue(source, shelf)
    except RecsysError as no_catalogue:
        raise _neither(sample, no_catalogue) from None


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(4) == _PARQUET or file.suffix.lower() == ".parquet"


def _sample(file: Path) -> Sample:
    try:
        return take_sample(file)
    except RecsysError as error:
        if file.suffix.lower() in _TABLES:
            raise
        raise NotOursError(str(error)) from None


def _take_parquet(source: Source, shelf: Shelf) -> Imported:
    try:
        return _take_catalogue(source, shelf)
    except RecsysError as error:
        if _is_near(_parquet_columns(source.file)):
            raise
        raise NotOursError(str(error)) from None


def _parquet_columns(file: Path) -> Sequence[str]:
    """Its columns; of a file that cannot be read those that make it worth telling."""
    try:
        return list(pl.read_parquet_schema(file))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return ["artist"]


def _take_history(source: Source, shelf: Shelf, user: str | None) -> Imported:
    reading = summarise_history(source.file, user or listener_of(source.naming))
    remarks = tuple(source.masked(sentence) for sentence in reading.sentences())
    if not reading.listens:
        detail = " ".join(remarks) or "it has a header and no rows."
        raise NoListensError(f"{source.file.name} holds no listens: {detail}")
    listener = reading.listener
    relative = PurePosixPath(source.relative.name)
    if listener is not None:
        relative = _below(listener_folder(listener), source.relative)
    target, there = shelf.place(source.file, shelf.history, relative)
    if there and listener is not None:
        listener = listener_of(target.relative_to(shelf.history))
    return Imported(
        source.shown, "history", reading.format, reading.rows, target, listens=reading.listens,
        remarks=remarks, already_there=there, listener=listener, container=source.container,
        reading=reading,
    )  # fmt: skip


def _below(folder: str, relative: PurePosixPath) -> PurePosixPath:
    """A path in the listener's folder, in which that folder does not stand twice."""
    again = len(relative.parts) > 1 and relative.parts[0] == folder
    return PurePosixPath(folder, *relative.parts[again:])


def _take_catalogue(source: Source, shelf: Shelf) -> Imported:
    name = source.file.name
    catalogue = read_catalogue(source.file)
    if not catalogue.songs:
        raise RecsysError(f"{name} holds no songs with audio features.")
    relative = PurePosixPath(source.relative.name)
    target, there = shelf.place(source.file, shelf.catalogues, relative)
    remarks = [f"{name}: {count:,} rows left out: {reason}"
               for reason, count in catalogue.left_out.items()]  # fmt: skip
    if catalogue.refused:
        songs = "1 song has" if catalogue.refused == 1 else f"{catalogue.refused:,} songs have"
        remarks.append(
            f"{name}: {songs} values that cannot be, which count as missing; "
            f"such as {catalogue.example}"
        )
    return Imported(
        source.shown, "features", "feature catalogue", catalogue.rows, target,
        songs=catalogue.songs, remarks=tuple(source.masked(remark) for remark in remarks),
        already_there=there, container=source.container,
    )  # fmt: skip


def _is_near(columns: Sequence[str]) -> bool:
    """Whether a table is nearly a history or a catalogue, so that its owner should know."""
    names = _plain(columns)
    return len(names & set(FEATURES)) > 1 or any("artist" in name for name in names)


def _plain(columns: Sequence[str]) -> set[str]:
    return {re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") for name in columns}


def _neither(sample: Sample, no_catalogue: RecsysError) -> RecsysError:
    """The one message that helps; content that is no column's name is not quoted."""
    near = _is_near(sample.columns)
    if near and _plain(sample.columns) & set(FEATURES):
        return no_catalogue
    table = len(sample.columns) > 1 and (near or sample.path.suffix.lower() in _TABLES)
    found = f"the columns {shown(sample.columns)}" if table else "no columns that are known"
    message = (
        f"{sample.path.name}, line 1: neither a listening history nor a catalogue of audio "
        f"features. Found {found}; a history has an artist, a title and a time, "
        "a catalogue an artist, a title and features such as energy."
    )
    return RecsysError(message) if near else NotOursError(message)
