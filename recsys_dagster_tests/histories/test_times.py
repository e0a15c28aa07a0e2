from datetime import UTC, datetime

import numpy as np
import polars as pl

from recsys_dagster.histories.times import times_of
from recsys_dagster.listening.interactions import count_interactions, interaction_arrays
from recsys_dagster.listening.schema import LISTENS_SCHEMA
from recsys_dagster.listening.songs import unique_songs
from recsys_dagster.recommend.history import NEVER, Times


def heard(*rows: tuple[str, str, datetime | None, bool]) -> pl.LazyFrame:
    columns: dict[str, list[object]] = {name: [None] * len(rows) for name in LISTENS_SCHEMA}
    columns["user"] = [row[0] for row in rows]
    columns["artist"] = ["A"] * len(rows)
    columns["title"] = [row[1] for row in rows]
    columns["listened_at"] = [row[2] for row in rows]
    columns["burst"] = [row[3] for row in rows]
    return pl.LazyFrame(columns, LISTENS_SCHEMA)


MONDAY = datetime(2024, 1, 1, 0, 59, tzinfo=UTC)
SUNDAY = datetime(2024, 3, 31, 23, 0, tzinfo=UTC)
LISTENS = heard(
    ("bob", "late", SUNDAY, False),
    ("ann", "x", SUNDAY, False),
    ("ann", "x", MONDAY, False),
    ("ann", "x", MONDAY, True),
    ("ann", "y", None, False),
    ("ann", "x", MONDAY, False),
    ("cy", "y", None, False),
)


def times() -> tuple[Times, tuple[str, ...]]:
    interactions = count_interactions(LISTENS)
    songs = unique_songs(interactions).lazy()
    arrays = interaction_arrays(interactions, songs)
    return times_of(LISTENS, interactions, songs, arrays.users), arrays.users


def test_hours_run_from_monday_on_and_months_from_1970() -> None:
    found, users = times()
    assert users == ("ann", "bob", "cy")
    assert {(user, hour): found.hours[user, hour] for user, hour in np.argwhere(found.hours)} == {
        (0, 0): 2, (0, 167): 1, (1, 167): 1,
    }  # fmt: skip
    assert found.month_starts.tolist() == [0, 2, 3, 3]
    assert found.months.tolist() == [648, 650, 650]
    assert found.month_listens.tolist() == [2, 1, 1]


def test_first_and_last_days_lie_beside_their_pairs() -> None:
    found, _ = times()
    interactions = count_interactions(LISTENS)
    songs = unique_songs(interactions)
    arrays = interaction_arrays(interactions, songs.lazy())
    titles = songs["title"].to_list()
    rows = zip(arrays.user, arrays.song, found.first, found.last, strict=True)
    first, last = MONDAY.timestamp() // 86400, SUNDAY.timestamp() // 86400
    assert {(int(user), titles[song]): (a, b) for user, song, a, b in rows} == {
        (0, "x"): (first, last), (0, "y"): (NEVER, NEVER), (1, "late"): (last, last),
        (2, "y"): (NEVER, NEVER),
    }  # fmt: skip
