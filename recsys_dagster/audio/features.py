"""The 13 audio features: names, ranges, and the refusal of what cannot be."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Feature:
    """One audio feature, its range (inclusive) and its unit.

    `unknown` is the value by which Spotify says that it found none; such a value is missing
    and nothing is said of it. Anything else outside the range is refused with a reason.
    """

    name: str
    low: float
    high: float
    unit: str = "share"
    whole: bool = False
    unknown: float | None = None


# Loudness: Spotify documents -60 to 0 dB, and real catalogues hold masters up to +4 dB.
FEATURE_TABLE = (
    Feature("energy", 0, 1),
    Feature("tempo", 20, 300, "BPM", unknown=0),
    Feature("valence", 0, 1),
    Feature("danceability", 0, 1),
    Feature("acousticness", 0, 1),
    Feature("instrumentalness", 0, 1),
    Feature("liveness", 0, 1),
    Feature("speechiness", 0, 1),
    Feature("loudness", -60, 5, "dB"),
    Feature("mode", 0, 1, "0 minor, 1 major", whole=True),
    Feature("key", 0, 11, "pitch class", whole=True, unknown=-1),
    Feature("duration_ms", 1_000, 86_400_000, "ms"),
    Feature("time_signature", 3, 7, "beats a bar", whole=True),
)
FEATURES: tuple[str, ...] = tuple(feature.name for feature in FEATURE_TABLE)
"""Their names, in the order of every table and array."""

REFUSED = "refused"
"""Column that says in words which values of a song were refused, or null."""


def refuse_impossible(table: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    """Turn impossible values into missing ones, each with a reason.

    Parameters
    ----------
    table
        Has the columns `FEATURES` (numbers or text; a column may be absent).

    Returns
    -------
    The same rows; `FEATURES` as Float64 within their ranges or null, and `refused`, such as
    "energy 1.7 is not 0 to 1; key 'H' is no number".
    """
    frame = table.lazy()
    absent = set(FEATURES) - set(frame.collect_schema().names())
    frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in sorted(absent))
    texts = pl.selectors.by_name(FEATURES) & (pl.selectors.string() | pl.selectors.categorical())
    frame = frame.with_columns(texts.cast(pl.String).str.strip_chars())
    reasons = pl.concat_str(
        [_reason(one) for one in FEATURE_TABLE], separator="; ", ignore_nulls=True
    )
    return frame.with_columns(
        *(_accepted(one).alias(one.name) for one in FEATURE_TABLE),
        pl.when(reasons != "").then(reasons).alias(REFUSED),
    )


def _number(feature: Feature) -> pl.Expr:
    number = pl.col(feature.name).cast(pl.Float64, strict=False)
    return pl.when(number.ne_missing(pl.lit(feature.unknown, pl.Float64))).then(number)


def _possible(feature: Feature) -> pl.Expr:
    number = _number(feature)
    possible = number.is_between(feature.low, feature.high) & number.is_finite()
    return possible & (number == number.round()) if feature.whole else possible


def _accepted(feature: Feature) -> pl.Expr:
    return pl.when(_possible(feature)).then(_number(feature))


def _reason(feature: Feature) -> pl.Expr:
    text = pl.col(feature.name).cast(pl.String).str.strip_chars()
    number = pl.col(feature.name).cast(pl.Float64, strict=False)
    kind = "a whole number from " if feature.whole else ""
    outside = pl.format(
        "{} {} is not {}{} to {}", pl.lit(feature.name), text, pl.lit(kind),
        pl.lit(f"{feature.low:g}"), pl.lit(f"{feature.high:g}"),
    )  # fmt: skip
    return (
        pl.when(text.is_null() | (text == ""))
        .then(None)
        .when(number.is_null())
        .then(pl.format("{} '{}' is no number", pl.lit(feature.name), text.str.slice(0, 20)))
        .when(_number(feature).is_not_null() & ~_possible(feature))
        .then(outside)
    )
