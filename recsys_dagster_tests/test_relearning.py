"""When what was learned last may stand."""

from typing import Any

import pytest

from recsys_dagster.relearning import DRIFT, LEARNED_FROM, SEAL, held_out_stamp, stands
from recsys_dagster.storage.stages import Stamp

ORIGIN = {"user_song_interactions": "one", "unique_songs": "two"}
LIMIT = 0.05


def stamp(**facts: Any) -> Stamp:
    return Stamp("fingerprint", "version", {}, facts)


def learned(last: dict[str, Any] | None = None, first: Any = ORIGIN) -> list[Stamp | None]:
    """Stamps of all that was learned, of the same data."""
    sealed = {SEAL: {"rules": "rules", "with_features": 100}} if last is None else last
    return [
        stamp(**{LEARNED_FROM: first}),
        stamp(**{LEARNED_FROM: ORIGIN}),
        stamp(**{LEARNED_FROM: ORIGIN}),
        stamp(**{LEARNED_FROM: ORIGIN, **sealed}),
    ]


def plays(share: float = 0.01, since: str = "one") -> Stamp:
    return stamp(**{DRIFT: {"since": since, "share": share}})


def test_it_stands_while_little_is_new() -> None:
    assert stands(learned(), plays(), "rules", 102, LIMIT)
    assert stands(learned(), Stamp("fingerprint", "one", {}, {}), "rules", 100, 0.0)


@pytest.mark.parametrize(
    ("stamps", "heard", "rules", "features"),
    [
        (learned(), plays(share=0.06), "rules", 100),
        (learned(), plays(since="another"), "rules", 100),
        (learned(), stamp(), "rules", 100),
        (learned(), None, "rules", 100),
        (learned(), plays(), "other rules", 100),
        (learned(), plays(), "rules", 106),
        (learned(), plays(), "rules", None),
        (learned(last={}), plays(), "rules", 100),
        (learned(first={**ORIGIN, "unique_songs": "three"}), plays(), "rules", 100),
        ([None, *learned()[1:]], plays(), "rules", 100),
        ([*learned()[:3], None], plays(), "rules", 100),
    ],
    ids=[
        "much is new", "new since something else", "nobody knows how much is new", "no plays",
        "other rules", "features of many songs came", "no features", "never sealed",
        "parts of different data", "a part is lost", "the seal is lost",
    ],
)  # fmt: skip
def test_otherwise_everything_is_learned_anew(
    stamps: list[Stamp | None], heard: Stamp | None, rules: str, features: int | None
) -> None:
    assert not stands(stamps, heard, rules, features, LIMIT)


def test_what_a_refresh_replaces_and_what_it_keeps_have_stamps_of_their_own() -> None:
    assert held_out_stamp("svd_model") != "svd_model"
    assert held_out_stamp("ranker") == "ranker"
