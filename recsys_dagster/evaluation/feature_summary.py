"""The audio features in figures: what there is, and what of it is listened to."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.audio.features import FEATURE_TABLE, Feature
from recsys_dagster.models.arrays import Float64Array

QUANTILES = (0, 5, 25, 50, 75, 95, 100)
"""In percent."""
BINS = 30
TAIL = 0.5
"""Percent at either end of an unbounded feature that its histogram leaves out."""
DIGITS = 4
_BY_NAME = {feature.name: feature for feature in FEATURE_TABLE}
# Keys lie on a circle, where no correlation of their numbers means anything.
_CIRCULAR = "key"


def feature_summary(
    features: Float64Array, columns: Sequence[str], plays: NDArray[Any] | None = None
) -> dict[str, Any]:
    """Quantiles, gaps, histograms and correlations of the audio features, for JSON.

    Parameters
    ----------
    features
        (n, c) raw features, NaN for missing.
    columns
        c names among `FEATURES`.
    plays
        (n,) how often each song was played.

    Returns
    -------
    `songs` (n), `features` and `correlations`. `features` has by name: `missing` (share of all
    songs), `quantiles` by percent, `edges` (one more than bins), `catalogue` (share of the songs
    that have the feature, by bin) and `plays` (share of their plays; `None` without any).
    Quantiles are `None`, and bins none, for a feature that no song has. `correlations` has
    `names` and `matrix` (Pearson, over the songs that have both; `None` where one of them does
    not vary).
    """
    linear = [place for place, name in enumerate(columns) if name != _CIRCULAR]
    return {
        "songs": len(features),
        "features": {
            name: _describe(_BY_NAME[name], features[:, place], plays)
            for place, name in enumerate(columns)
        },
        "correlations": {
            "names": [columns[place] for place in linear],
            "matrix": [_numbers(row) for row in correlations(features[:, linear])],
        },
    }


def _describe(feature: Feature, column: Float64Array, plays: NDArray[Any] | None) -> dict[str, Any]:
    present = np.isfinite(column)
    values = column[present]
    known = len(values) > 0
    edges = _edges(feature, values)
    levels = np.percentile(values, QUANTILES) if known else [np.nan] * len(QUANTILES)
    return {
        "missing": round(1 - float(present.mean()), DIGITS) if len(column) else None,
        "quantiles": dict(zip(map(str, QUANTILES), _numbers(levels), strict=True)),
        "edges": _numbers(edges) if known else [],
        "catalogue": _shares(values, edges, np.ones(len(values))) or [],
        "plays": None if plays is None else _shares(values, edges, plays[present]),
    }


def _edges(feature: Feature, values: Float64Array) -> Float64Array:
    """One bin for each whole number; else the range, or for a wide one the middle 99 %."""
    if feature.whole:
        return np.arange(feature.low, feature.high + 2) - 0.5
    low, high = feature.low, feature.high
    if feature.unit != "share" and len(values):
        low, high = np.percentile(values, (TAIL, 100 - TAIL)).tolist()
        high = max(high, low + 1)  # one value alone needs room too
    return np.linspace(low, high, BINS + 1)


def _shares(
    values: Float64Array, edges: Float64Array, weights: NDArray[Any]
) -> list[float | None] | None:
    """The share of all weights in each bin; `None` where they add up to nothing."""
    total = float(weights.sum())
    if total <= 0:
        return None
    return _numbers(np.histogram(values, edges, weights=weights)[0] / total)


def correlations(features: Float64Array) -> Float64Array:
    """Pearson's correlation of each pair of columns, over the rows that have both, (c, c).

    NaN where a pair has fewer than two rows in common, or one of it does not vary there.
    """
    present = np.isfinite(features)
    values = np.where(present, features, 0)
    # Centred and scaled first: sums of squares of milliseconds would lose digits.
    counts = np.maximum(present.sum(axis=0), 1)
    values = np.where(present, values - values.sum(axis=0) / counts, 0)
    size = np.sqrt((values**2).sum(axis=0) / counts)
    values /= np.where(size > 0, size, 1)
    return _pairwise(values, present.astype(np.float64))


def _pairwise(values: Float64Array, present: Float64Array) -> Float64Array:
    """Correlations over common rows; `values` are 0 where not `present`."""
    common = np.maximum(present.T @ present, 1)
    means = values.T @ present / common  # of the row's column, where the other is there too
    spread = (values**2).T @ present / common - means**2
    spread[spread < 1e-9] = np.nan
    together = values.T @ values / common - means * means.T
    return np.clip(together / np.sqrt(spread * spread.T), -1, 1)


def _numbers(values: Any) -> list[float | None]:
    """Rounded, and `None` for what is not known."""
    return [None if np.isnan(value) else round(float(value), DIGITS) for value in values]
