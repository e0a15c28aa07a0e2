"""Pictures of what the first stages hold."""

from datetime import UTC, datetime

import polars as pl
import pytest

from recsys_dagster.defs.plots import plot_months
from recsys_dagster.listening.windows import by_month
from recsys_dagster_tests.evaluation.images import shown


def test_listens_are_counted_by_month_and_those_without_a_time_left_out() -> None:
    times = [datetime(2024, 5, 31, 23, 59, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC), None]
    listens = pl.LazyFrame({"listened_at": pl.Series(times * 2, dtype=pl.Datetime("us", "UTC"))})
    assert by_month(listens) == {"2024-05": 2, "2024-06": 2}


@pytest.mark.slow
def test_the_picture_fits_into_dagsters_metadata() -> None:
    counts = {f"{year}-{month:02d}": year for year in range(2003, 2027) for month in range(1, 13)}
    assert shown(plot_months(counts)) == "Listens by month"
    assert shown(plot_months({"2024-05": 12_345_678})) == "Listens by month"
    assert "none" in plot_months({})
