"""Catalogue files opened: CSV or Parquet to columns as they are."""

from pathlib import Path

import polars as pl

from recsys_dagster.audio.catalogue_columns import Columns, find_columns
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.errors import RecsysError
from recsys_dagster.files.csv_lines import PROBLEM, column_names, scan_lines
from recsys_dagster.files.sample import take_sample

_PARQUET = b"PAR1"


def scan_catalogue(path: Path, workspace: Path) -> tuple[pl.LazyFrame, Columns]:
    """Scan a file with its own column names and `csv_problem`, and find its columns.

    Parameters
    ----------
    path
        CSV or Parquet, told by its content; commas, semicolons or tabs separate the fields.
    workspace
        Directory for the clean copy of an unsound file; it must outlive the frame.

    Raises
    ------
    RecsysError
        The file is empty, damaged or no catalogue.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if head == _PARQUET or path.suffix.lower() == ".parquet":
        frame = _open_parquet(path)
        return frame, find_columns(frame.collect_schema().names(), path)
    sample = take_sample(path)
    columns = find_columns(sample.columns, path)
    lines = scan_lines(path, sample.shape, workspace)
    names = dict(zip(column_names(len(sample.columns)), sample.columns, strict=True))
    unique = {
        position: name
        for position, name in names.items()
        if name != PROBLEM and _first(position, names)
    }
    frame = lines.select(PROBLEM, *(pl.col(old).alias(new) for old, new in unique.items()))
    return _with_points(frame, columns) if sample.shape.separator != "," else frame, columns


def _first(position: str, names: dict[str, str]) -> bool:
    return next(other for other, name in names.items() if name == names[position]) == position


def _with_points(frame: pl.LazyFrame, columns: Columns) -> pl.LazyFrame:
    """Decimal commas as points; where commas separate fields there are none."""
    numbers = [columns.found[name] for name in FEATURES if name in columns.found]
    return frame.with_columns(pl.col(numbers).str.replace(r"^(\s*-?\d+),(\d+\s*)$", "$1.$2"))


def _open_parquet(path: Path) -> pl.LazyFrame:
    if not path.stat().st_size:
        raise RecsysError(f"{path.name} is empty (0 bytes). Copy or download it again.")
    try:
        frame = pl.scan_parquet(path, glob=False)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise RecsysError(
            f"{path.name} is no Parquet file that can be read ({error}). Copy it again."
        ) from None
    return frame.with_columns(pl.lit(None, pl.String).alias(PROBLEM))
