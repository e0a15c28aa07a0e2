import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.audio.features import (
    FEATURE_TABLE,
    FEATURES,
    REFUSED,
    Feature,
    refuse_impossible,
)

BY_NAME = {one.name: one for one in FEATURE_TABLE}


def check(name: str, value: object) -> tuple[float | None, str | None]:
    row = (
        refuse_impossible(pl.DataFrame({name: [value]}, strict=False)).collect().row(0, named=True)
    )
    assert {row[other] for other in FEATURES if other != name} == {None}
    return row[name], row[REFUSED]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("energy", 1.7, "energy 1.7 is not 0 to 1"),
        ("energy", -0.01, "energy -0.01 is not 0 to 1"),
        ("energy", "abc", "energy 'abc' is no number"),
        ("energy", "0,5", "energy '0,5' is no number"),
        ("energy", math.nan, "energy NaN is not 0 to 1"),
        ("energy", math.inf, "energy inf is not 0 to 1"),
        ("loudness", 40.0, "loudness 40.0 is not -60 to 5"),
        ("loudness", -math.inf, "loudness -inf is not -60 to 5"),
        ("key", 12, "key 12 is not a whole number from 0 to 11"),
        ("key", 6.5, "key 6.5 is not a whole number from 0 to 11"),
        ("key", "H", "key 'H' is no number"),
        ("key", -2, "key -2 is not a whole number from 0 to 11"),
        ("mode", 0.5, "mode 0.5 is not a whole number from 0 to 1"),
        ("tempo", 301, "tempo 301 is not 20 to 300"),
        ("duration_ms", 210, "duration_ms 210 is not 1000 to 8.64e+07"),
        ("time_signature", 8, "time_signature 8 is not a whole number from 3 to 7"),
    ],
)
def test_what_cannot_be_is_missing_with_a_reason(name: str, value: object, reason: str) -> None:
    assert check(name, value) == (None, reason)


@pytest.mark.parametrize(
    ("name", "value"),
    [("tempo", 0), ("tempo", "0.0"), ("key", -1), ("key", "-1"), ("energy", None), ("energy", " ")],
)
def test_what_is_said_to_be_unknown_is_missing_without_one(name: str, value: object) -> None:
    assert check(name, value) == (None, None)


@pytest.mark.slow
@pytest.mark.parametrize("feature", FEATURE_TABLE, ids=FEATURES)
def test_the_edges_are_accepted_and_nothing_beyond(feature: Feature) -> None:
    step = 1 if feature.whole else 0.001
    for edge, beyond in ((feature.low, feature.low - step), (feature.high, feature.high + step)):
        assert check(feature.name, edge) == (edge, None)
        assert check(feature.name, f" {edge} ") == (edge, None)
        if beyond != feature.unknown:
            value, reason = check(feature.name, beyond)
            assert value is None
            assert reason is not None


def test_all_the_reasons_of_a_song_stand_together() -> None:
    row = refuse_impossible(pl.DataFrame({"energy": [1.7, 0.5], "key": ["H", "11"]})).collect()
    assert row[REFUSED].to_list() == ["energy 1.7 is not 0 to 1; key 'H' is no number", None]
    assert row["key"].to_list() == [None, 11.0]
    assert row.height == 2


def test_flags_and_categories_are_numbers_too() -> None:
    flags = pl.DataFrame({"mode": [True, False]})
    assert refuse_impossible(flags).collect()["mode"].to_list() == [1.0, 0.0]
    words = pl.DataFrame({"key": pl.Series(["7", "x"], dtype=pl.Categorical)})
    assert refuse_impossible(words).collect()["key"].to_list() == [7.0, None]


def expected(feature: Feature, text: str) -> tuple[float | None, bool]:
    """The value and whether it is refused, worked out in plain Python."""
    number = float(text)
    if number == feature.unknown:
        return None, False
    whole = not feature.whole or number == round(number)
    if math.isfinite(number) and feature.low <= number <= feature.high and whole:
        return number, False
    return None, True


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.sampled_from(FEATURES),
    st.one_of(
        st.floats(-70, 310).map(repr),
        st.floats(0, 1).map(repr),
        st.integers(-2, 12).map(str),
        st.integers(0, 10**9).map(str),
        st.floats().filter(math.isfinite).map(repr),
    ),
    st.booleans(),
)
def test_a_plain_check_agrees(name: str, text: str, as_text: bool) -> None:
    value, reason = check(name, text if as_text else float(text))
    assert (value, reason is not None) == expected(BY_NAME[name], text)
    assert reason is None or reason.startswith(f"{name} ")


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=4))
def test_any_text_is_a_value_in_range_or_missing(texts: list[str]) -> None:
    table = refuse_impossible(pl.DataFrame(dict.fromkeys(FEATURES, texts))).collect()
    for feature in FEATURE_TABLE:
        for value, reason, text in zip(table[feature.name], table[REFUSED], texts, strict=True):
            assert value is None or feature.low <= value <= feature.high
            if value is None and text.strip() and text.strip() not in ("0", "-1"):
                assert reason is not None
