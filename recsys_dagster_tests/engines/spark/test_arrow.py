"""Groups of rows stay whole, however Spark cuts them into batches."""

import itertools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pyarrow")

from recsys_dagster.engines.spark.arrow import GROUP, arrow_schema, whole_groups
from recsys_dagster.listening.interactions import INTERACTIONS_SCHEMA


@given(st.lists(st.lists(st.integers(-3, 9), min_size=1, max_size=8), max_size=8))
def test_no_group_is_in_two_frames(batches: list[list[int]]) -> None:
    in_order = sorted(itertools.chain(*batches))
    rows = pl.DataFrame({GROUP: in_order, "value": in_order}, schema=[GROUP, "value"])
    ends = list(itertools.accumulate(map(len, batches), initial=0))
    frames = [rows[first:last] for first, last in itertools.pairwise(ends)]
    whole = [frame["value"].to_list() for frame in whole_groups(iter(frames))]
    assert list(itertools.chain(*whole)) == in_order
    assert all(whole)
    for before, after in itertools.combinations(whole, 2):
        assert not set(before) & set(after)


def test_rows_go_on_before_all_have_come() -> None:
    frames = (pl.DataFrame({GROUP: [number], "value": [number]}) for number in itertools.count())
    assert next(whole_groups(frames))["value"].to_list() == [0]


def test_spark_gets_no_type_that_it_does_not_know() -> None:
    kinds = [str(field.type) for field in arrow_schema(INTERACTIONS_SCHEMA)]
    assert not [kind for kind in kinds if "large" in kind]
