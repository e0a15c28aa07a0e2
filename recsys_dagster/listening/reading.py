"""One history file in: recognised by its content, read once, every row accounted for."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.csv_lines import LINE
from recsys_dagster.files.sample import Sample, take_sample
from recsys_dagster.listening.formats import FORMATS, HistoryFormat
from recsys_dagster.listening.schema import EXAMPLE, LEFT_OUT, LISTENS_SCHEMA, NOTE


@dataclass(frozen=True, slots=True)
class Remark:
    """How many rows something is true of, the first such line and what stands there."""

    count: int
    first_line: int
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a history file held: rows = listens + all that was left out.

    `left_out` is by reason; `notes` are about listens that were kept, such as those without
    a time.
    """

    file: str
    format: str
    rows: int
    listens: int
    left_out: dict[str, Remark] = field(default_factory=dict)
    notes: dict[str, Remark] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Reading":
        """From JSON."""
        remarks = {
            kind: {reason: Remark(**remark) for reason, remark in document[kind].items()}
            for kind in ("left_out", "notes")
        }
        return cls(**{**document, **remarks})

    def sentences(self) -> list[str]:
        """Each reason and note in words, with the file and the first line."""
        return [
            f"{self.file}, line {remark.first_line}: {reason}"
            + (f" ({remark.example!r})" if remark.example else "")
            + f"; {remark.count:,} {'row' if remark.count == 1 else 'rows'} {verdict}"
            for remarks, verdict in (
                (self.left_out, "left out"),
                (self.notes, "kept without a time"),
            )
            for reason, remark in remarks.items()
        ]


def recognise(path: Path) -> tuple[HistoryFormat, Sample]:
    """Tell which format a file has.

    Raises
    ------
    RecsysError
        The file is empty, in a wrong encoding, or of no known format.
    """
    sample = take_sample(path)
    for form in FORMATS:
        if form.recognises(sample):
            return form, sample
    raise RecsysError(_what_is_missing(sample))


def read_history(path: Path, target: Path) -> Reading:
    """Read a history file into a Parquet file of listens, streaming, in the file's order.

    Parameters
    ----------
    path
        The history file.
    target
        Where the listens go (schema `LISTENS_SCHEMA`).

    Raises
    ------
    RecsysError
        As `recognise`.
    """
    return _read(path, target)


def summarise_history(path: Path) -> Reading:
    """What `read_history` would find, without writing anything."""
    return _read(path, None)


def _read(path: Path, target: Path | None) -> Reading:
    form, sample = recognise(path)
    with TemporaryDirectory(prefix="recsys-") as workspace:
        rows = form.scan(sample, Path(workspace))
        queries = [_tally(rows)]
        if target is not None:
            listens = rows.filter(pl.col(LEFT_OUT).is_null()).select(*LISTENS_SCHEMA)
            queries.append(
                listens.sink_parquet(target, row_group_size=1 << 18, lazy=True, engine="streaming")
            )
        try:
            tally = pl.collect_all(queries, engine="streaming")[0]
        except pl.exceptions.PolarsError as error:
            what = str(error).partition("\n")[0]
            raise RecsysError(f"{path.name} cannot be read as {form.name}: {what}") from None
    return _reading(path, form, tally)


def _tally(rows: pl.LazyFrame) -> pl.LazyFrame:
    kept_note = pl.when(pl.col(LEFT_OUT).is_null()).then(NOTE).alias(NOTE)
    return (
        rows.select(LINE, LEFT_OUT, kept_note, EXAMPLE)
        .group_by(LEFT_OUT, NOTE)
        .agg(
            pl.len().alias("count"),
            pl.col(LINE).min(),
            pl.col(EXAMPLE).sort_by(LINE).first(),
        )
        .sort(LINE)
    )


def _reading(path: Path, form: HistoryFormat, tally: pl.DataFrame) -> Reading:
    def remarks(kind: str) -> dict[str, Remark]:
        return {
            row[kind]: Remark(row["count"], row[LINE], row[EXAMPLE] if kind == NOTE else None)
            for row in tally.iter_rows(named=True)
            if row[kind] is not None
        }

    rows = int(tally["count"].sum())
    kept = int(tally.filter(pl.col(LEFT_OUT).is_null())["count"].sum())
    return Reading(path.name, form.name, rows, kept, remarks(LEFT_OUT), remarks(NOTE))


def _what_is_missing(sample: Sample) -> str:
    found = [column for column in sample.columns if column]
    names = {column.lower() for column in found}
    nearest = max(FORMATS, key=lambda form: len(names & set(form.columns)))
    missing = [column for column in nearest.columns if column not in names]
    shown = ", ".join(repr(column[:40]) for column in found[:12]) or "nothing"
    if len(missing) == len(nearest.columns):
        return (
            f"{sample.path.name}, line 1: this is no listening history that is known. "
            f"Found the columns {shown}; a {nearest.name} has {', '.join(nearest.columns)}."
        )
    return (
        f"{sample.path.name}, line 1: the column {' and '.join(missing)} is missing. "
        f"Found {shown}; a {nearest.name} has {', '.join(nearest.columns)}. "
        "Add or rename the column."
    )
