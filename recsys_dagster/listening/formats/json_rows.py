"""From the items of a JSON history to the rows of a scan."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from recsys_dagster.files.csv_lines import LINE, PROBLEM
from recsys_dagster.files.json_items import Item, parse_items
from recsys_dagster.files.sample import Sample
from recsys_dagster.listening.formats.json_fields import example_of
from recsys_dagster.listening.schema import EXAMPLE, NOTE, READ_SCHEMA

NO_TIME = "a time that is not given"
UNKNOWN_ARTIST = "an artist that is not known"
_ROWS_OF_A_PART = 50_000
_ITEMS_OF_A_SAMPLE = 20
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|([{\[])|([}\]])')


class Row(NamedTuple):
    """What an item says: a listen, or with a problem none."""

    user: str | None = None
    artist: str | None = None
    title: str | None = None
    album: str | None = None
    listened_at: int | None = None
    """The start, in microseconds since 1970."""
    ms_played: int | None = None
    source: str | None = None
    spotify_id: str | None = None
    csv_problem: str | None = None
    note: str | None = None
    example: str | None = None


_SCHEMA = pl.Schema(
    {
        **READ_SCHEMA,
        "listened_at": pl.Int64(),
        PROBLEM: pl.String(),
        NOTE: pl.String(),
        EXAMPLE: pl.String(),
        LINE: pl.Int64(),
    }
)


def scan_rows(
    items: Iterable[Item], row_of: Callable[[dict[str, Any]], Row], listener: str, workspace: Path
) -> pl.LazyFrame:
    """Write items as rows as `judged` takes them, one for each, and scan them.

    Parameters
    ----------
    items
        What `read_items` gives.
    row_of
        What an item says; only what it takes comes into any table.
    listener
        Whose the rows are that do not say.
    workspace
        Directory for the rows; it must outlive the frame.
    """
    rows = _rows(items, row_of)
    parts: list[Path] = []
    while part := list(islice(rows, _ROWS_OF_A_PART)):
        parts.append(workspace / f"rows-{len(parts):06}.parquet")
        _table(part).write_parquet(parts[-1], compression="lz4")
    table = pl.scan_parquet(parts, glob=False) if parts else pl.LazyFrame(schema=_SCHEMA)
    return table.with_columns(
        pl.col("user").replace("", None).fill_null(listener),
        pl.col("listened_at").cast(READ_SCHEMA["listened_at"]),
    )


def note_on(time: int | None, value: Any, expected: str) -> tuple[str | None, str | None]:
    """What to say of a time that could not be read, and what stands in its place."""
    if time is not None:
        return None, None
    if value is None or value == "":
        return NO_TIME, None
    return f"a time that is not understood, expected {expected}", example_of(value)


def objects_of(sample: Sample) -> list[dict[str, Any]]:
    """The first objects of a file; of a first one that breaks off, its keys with "?"."""
    if "{" not in sample.text:
        return []
    if sample.text.lstrip().startswith("{"):
        objects = [_object_of(line) for line in sample.text.split("\n")[:_ITEMS_OF_A_SAMPLE]]
    else:
        items = islice(parse_items(sample.text), _ITEMS_OF_A_SAMPLE)
        objects = [item for _, item, _ in items]
    first = dict.fromkeys(_keys_of_first(sample.text), "?")
    return [found for found in (*objects, first) if found is not None]


def has_keys(sample: Sample, *alternatives: Collection[str]) -> bool:
    """Whether one of the first objects of a file has all the keys of one alternative."""
    return any(set(keys) <= item.keys() for item in objects_of(sample) for keys in alternatives)


def _rows(
    items: Iterable[Item], row_of: Callable[[dict[str, Any]], Row]
) -> Iterator[tuple[Any, ...]]:
    for line, item, problem in items:
        row = Row(csv_problem=problem) if item is None else row_of(item)
        yield (*row, line)


def _table(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    columns = zip(_SCHEMA, zip(*rows, strict=True), strict=True)
    return pl.DataFrame(dict(columns), schema=_SCHEMA)


def _object_of(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _keys_of_first(text: str) -> set[str]:
    """Keys of the first object, which breaks off somewhere: of the object itself, none within."""
    depth, keys = 0, set()
    for token in _TOKEN.finditer(text, text.index("{")):
        name, colon, opening, closing = token.groups()
        depth += bool(opening) - bool(closing)
        if depth == 1 and colon:
            keys.add(name)
        if depth == 0:
            break
    return keys
