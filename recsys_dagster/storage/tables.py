"""Parquet tables, written whole and the same bytes for the same content."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import xxhash

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.atomic import atomic_path, atomic_paths

_SEAL = "recsys.content"
_ROWS_AT_ONCE = 1 << 16


def write_table(
    table: pl.DataFrame | pl.LazyFrame, target: Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a table as Parquet (zstd); a lazy one streams.

    `metadata` goes into the file's own key-value metadata, so that a table and what is said of
    it can never come apart. Row groups have a fixed size: the bytes depend on the content alone.
    """
    with atomic_path(target) as path:
        _write(table, path, metadata)


def write_sealed(
    table: pl.DataFrame, target: Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a table with a hash of its content inside, for what cannot be made again at will."""
    write_all_sealed({target: (table, metadata)})


def write_all_sealed(
    tables: Mapping[Path, tuple[pl.DataFrame, Mapping[str, str] | None]],
) -> None:
    """The same for many tables, each with what is said of it."""
    with atomic_paths(list(tables)) as paths:
        for path, (table, metadata) in zip(paths, tables.values(), strict=True):
            _write(table, path, {**(metadata or {}), _SEAL: _content(table)})


def _write(
    table: pl.DataFrame | pl.LazyFrame, path: Path, metadata: Mapping[str, str] | None
) -> None:
    table.lazy().sink_parquet(
        path,
        compression="zstd",
        row_group_size=1 << 18,
        maintain_order=True,
        metadata=dict(metadata) if metadata else None,
        engine="streaming",
    )


def read_sealed(path: Path) -> pl.DataFrame | None:
    """What `write_sealed` wrote; `None` where it is missing, damaged or has no such hash."""
    seal = table_metadata(path).get(_SEAL)
    try:
        table = read_table(path) if seal else None
    except RecsysError:
        return None
    return table if table is not None and _content(table) == seal else None


def is_sealed(path: Path) -> bool:
    """Whether a table says which content it has; those of the first versions do not."""
    return _SEAL in table_metadata(path)


def _content(table: pl.DataFrame) -> str:
    """XXH3 over names, types and rows, whatever the encoding in the file."""
    digest = xxhash.xxh3_128(repr(table.schema).encode())
    for rows in table.iter_slices(_ROWS_AT_ONCE):
        digest.update(rows.write_ndjson().encode())
    return digest.hexdigest()


def scan_table(path: Path) -> pl.LazyFrame:
    """Open a table lazily.

    Raises
    ------
    RecsysError
        The table is not there or is not Parquet.
    """
    if not path.is_file():
        raise RecsysError(f"There is no table {path} yet. Run `recsys run` first.")
    table = pl.scan_parquet(path, glob=False)
    try:
        table.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from None
    return table


def read_table(path: Path) -> pl.DataFrame:
    """Read a whole table; errors as in `scan_table`, for damage anywhere in it."""
    try:
        return scan_table(path).collect(engine="streaming")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise _unreadable(path, error) from None


def table_metadata(path: Path) -> dict[str, str]:
    """What `write_table` was given to say of a table; empty where there is no such table."""
    try:
        return pl.read_parquet_metadata(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return {}


def row_count(path: Path) -> int:
    """How many rows a table has, read from its footer; 0 where there is no such table."""
    return int(scan_table(path).select(pl.len()).collect().item()) if path.is_file() else 0


def _unreadable(path: Path, error: BaseException) -> RecsysError:
    return RecsysError(
        f"The table {path} cannot be read ({error}). Delete it and run `recsys run`."
    )
