"""Times as histories write them: which of the known shapes a column has, and its values in UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

import polars as pl

EXPECTED = "31 Jan 2021 23:36, 2021-01-31 23:36:05 or seconds since 1970"
NOT_UNDERSTOOD = f"a time that is not understood, expected {EXPECTED}"
_EARLIEST = datetime(1969, 1, 1, tzinfo=UTC)
"""An unset clock west of Greenwich; before it the year has two digits."""
SET_SINCE = datetime(1971, 1, 1, tzinfo=UTC)
"""Before it, a clock was not set."""
_MILLISECONDS_FROM = 100_000_000_000
"""Seconds since 1970 that lie in the year 5138: such a number counts milliseconds."""

EPOCH = "epoch"
_DAYS = ("%d %b %Y", "%Y-%m-%d")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f")
_ISO = ("T%H:%M:%SZ", "T%H:%M:%S", "T%H:%M:%S%.fZ", "T%H:%M:%S%:z", " %H:%M:%S%:z", " %H:%M:%S UTC")

SHAPES: tuple[str, ...] = (
    *(f"{day}{between}{clock}" for day in _DAYS for between in (" ", ", ") for clock in _CLOCKS),
    *(f"%Y-%m-%d{clock}" for clock in _ISO),
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y, %I:%M %p",
    "%b %d, %Y %H:%M",
    "%b %d, %Y, %H:%M",
    EPOCH,
)
"""What `parse_times` knows, tried in this order."""


def parse_times(text: pl.Expr, shapes: Sequence[str] = SHAPES) -> pl.Expr:
    """Times in UTC; null where a text has none of the shapes."""
    time = pl.coalesce([_parse(text, shape) for shape in shapes])
    return pl.when(time >= _earliest()).then(time)


def shape_of_times(texts: Sequence[str]) -> str | None:
    """The first shape that all the texts have; blank ones do not count."""
    present = pl.Series("text", [text for text in texts if text.strip()], pl.String).to_frame()
    if not present.height:
        return None
    unread = present.select_seq(_unread_by_shape()).row(0)
    return next((shape for shape, count in zip(SHAPES, unread, strict=True) if not count), None)


@cache
def _earliest() -> pl.Expr:
    """Made once, for Polars takes long over time zones; not on import, for it starts threads."""
    return pl.lit(_EARLIEST)


@cache
def _unread_by_shape() -> list[pl.Expr]:
    """How many of a column `text` have not a shape, for each shape."""
    return [parse_times(pl.col("text"), [shape]).null_count().alias(shape) for shape in SHAPES]


def _parse(text: pl.Expr, shape: str) -> pl.Expr:
    if shape == EPOCH:
        return _from_epoch(text)
    # Without the cache of texts seen: nearly every time is another one.
    time = text.str.to_datetime(shape, strict=False, time_unit="us", cache=False)
    return time if shape.endswith("%:z") else time.dt.replace_time_zone("UTC")


def _from_epoch(text: pl.Expr) -> pl.Expr:
    number = text.cast(pl.Float64, strict=False)
    seconds = pl.when(number.abs() >= _MILLISECONDS_FROM).then(number / 1_000).otherwise(number)
    sane = pl.when(seconds.abs() < _MILLISECONDS_FROM).then(seconds)
    return (sane * 1_000_000).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
