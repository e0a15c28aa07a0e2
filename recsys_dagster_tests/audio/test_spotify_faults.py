from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.audio.sources.spotify_lookups import FEATURES_KEPT
from recsys_dagster_tests.audio.asking_spotify import TROUBLE, songs, spotify_world
from recsys_dagster_tests.audio.fake_spotify import (
    PREMIUM,
    quota,
    slow_down,
    track_id,
)
from recsys_dagster_tests.serving import Fault
from recsys_dagster_tests.tiers import examples

API_FAULTS = st.one_of(
    st.none(), st.sampled_from([*TROUBLE, quota(), quota(None), slow_down("3"), slow_down("3000"),
                                slow_down(None), Fault(401), Fault(403, PREMIUM),
                                Fault(418, b"teapot")])
)  # fmt: skip
TOKEN_FAULTS = st.one_of(
    st.none(), st.sampled_from([Fault(503, b"upstream"), Fault(400, {"error": "invalid_client"}),
                                Fault(drop=True), Fault(200, b"[]"), slow_down("4000")])
)  # fmt: skip
TABLE = songs(
    ("Radiohead", "Let Down", None), ("Radiohead", "Creep", []), ("Oasis", "Supersonic", None),
    ("A", "x", [track_id(5), track_id(4)]), ("A", "y", [track_id(77)]), ("Pulp", "Disco", None),
)  # fmt: skip


@dataclass
class Course:
    """What became of the songs, and when which search, or id, was answered as it should be."""

    found: pl.DataFrame
    answered: dict[tuple[str, str], list[float]]


@pytest.mark.slow
@settings(max_examples=examples(30))
@given(st.lists(API_FAULTS, max_size=25), st.lists(TOKEN_FAULTS, max_size=6))
def test_whatever_goes_wrong_in_the_end_all_is_as_if_nothing_had(
    api: list[Fault | None], token: list[Fault | None]
) -> None:
    undisturbed, disturbed = ask_to_the_end([], []), ask_to_the_end(api, token)
    columns = ["song_id", *FEATURES, REFUSED, "status", "score"]
    assert disturbed.found.select(columns).equals(undisturbed.found.select(columns))
    assert set(disturbed.answered) == set(undisturbed.answered)
    for times in disturbed.answered.values():
        assert all(later - sooner >= FEATURES_KEPT for sooner, later in pairwise(times))


def ask_to_the_end(api: list[Fault | None], token: list[Fault | None]) -> Course:
    """Run after run, each when the one before says, until every song has its answer."""
    with spotify_world(Path(":memory:")) as world:
        answered: defaultdict[tuple[str, str], list[float]] = defaultdict(list)

        def note(count: int) -> None:
            if count > len(api) or api[count - 1] is None:
                asked = world.fake.asked[count - 1]
                for one in asked.params.get("ids", "").split(","):
                    answered[asked.params.get("q", ""), one].append(world.clock.now)

        world.fake.before_answer = note
        world.fake.faults.extend(api)
        world.fake.accounts.faults.extend(token)
        while True:
            found = world.make().look_up(TABLE)
            left = found.filter(pl.col("status").is_in(["blocked", "error"]))["retry_at"]
            if left.is_empty():
                return Course(found, dict(answered))
            world.clock.now = max(world.clock.now, *left) + 1
