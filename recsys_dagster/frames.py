"""Tables that are not read yet, on whichever engine: Polars here, Spark on a cluster.

What is asked of a table in the same way everywhere is written once, as narwhals expressions on
`frame(table)`, and `collect` brings the few rows of an answer back.
"""

from typing import Any

import narwhals as nw
import polars as pl
from narwhals.typing import IntoLazyFrame

Frame = nw.LazyFrame[Any]


def frame(table: IntoLazyFrame | Frame) -> Frame:
    """A lazy frame of Polars or Spark, for narwhals."""
    return nw.from_native(table).lazy()


def collect(table: Frame) -> pl.DataFrame:
    """The rows of a small table; Polars streams."""
    native = nw.to_native(table)
    if isinstance(native, pl.LazyFrame):
        return native.collect(engine="streaming")
    return nw.to_native(table.collect("polars"))  # type: ignore[no-any-return]
