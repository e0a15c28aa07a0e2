"""Bursts, by the rule as it is said and as it is computed."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.listening.edits import MOST_PLAYS_A_MINUTE, Trust, edits_among

Listen = tuple[int, str, str, float]
"""Part, user, song and seconds, which have fractions."""
LISTENS = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from("aab"), st.sampled_from("xxy"),
        st.sampled_from([0, 0.25, 0.5, 1, 30, 59, 60, 60.5, 90, 119.5]),
    ),
    min_size=10, max_size=40,
)  # fmt: skip
ALONE = Trust(
    pl.DataFrame({"part": [0, 1], "file": [0, 0]}, schema={"part": pl.Int32, "file": pl.Int64}),
    np.array([(0, 1, 0)], np.int64),
)
"""Nothing is repeated."""


def told(listens: Sequence[Listen]) -> set[tuple[int, int]]:
    """Parts and rows, song by song: too many within a minute, and not the first of them."""
    songs = defaultdict(list)
    for row, (part, user, song, second) in enumerate(listens):
        songs[user, song].append((second, part, row))
    found = set()
    for played in map(sorted, songs.values()):
        seconds, most = [int(second) for second, _, _ in played], MOST_PLAYS_A_MINUTE
        crowds = [range(at, at + most + 1) for at in range(len(played) - most)
                  if seconds[at + most] - seconds[at] < 60]  # fmt: skip
        among = {at for crowd in crowds for at in crowd}
        found |= {played[at][1:] for at in among
                  if at - 1 in among and seconds[at] - seconds[at - 1] < 60}  # fmt: skip
    return found


@given(LISTENS)
def test_bursts_are_all_but_the_first_of_too_many(listens: list[Listen]) -> None:
    rows = pl.DataFrame(
        listens, schema={"part": pl.Int32, "user": pl.String, "song_key": pl.String,
                         "listened_at": pl.Float64}, orient="row"
    ).with_row_index("row")  # fmt: skip
    at = (pl.col("listened_at") * 1_000_000).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    edits = edits_among(rows.with_columns(at.alias("listened_at")).sort("part", "row"), ALONE)
    assert edits.repeated.is_empty()
    assert set(edits.bursts.iter_rows()) == told(listens)
