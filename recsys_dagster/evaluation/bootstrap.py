"""Paired bootstrap over listeners: how far a mean would swing with other listeners.

Listeners are drawn with replacement, as many as there are; the middle 95 % of the means of many
such draws are the interval (Efron 1979, "Bootstrap methods"; the percentile interval). The same
draws serve all methods, so that a difference is one of the same listeners. With few listeners
the interval is a little too narrow, and that is said where it is shown.
"""

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
CONFIDENCE = 0.95
FEWEST = 2
"""Listeners that an interval needs at least."""

Figures = NDArray[np.float64]


def draw_weights(n: int, rng: np.random.Generator | int = 0, resamples: int = RESAMPLES) -> Figures:
    """How often each of n listeners is drawn, (resamples, n); each row adds up to n.

    >>> draw_weights(3, rng=1, resamples=4).sum(axis=1).tolist()
    [3.0, 3.0, 3.0, 3.0]
    """
    if n == 0:
        return np.empty((resamples, 0))
    drawn = np.random.default_rng(rng).multinomial(n, np.full(n, 1 / n), size=resamples)
    return drawn.astype(np.float64)


def means(values: Figures) -> Figures:
    """The mean of each column over the listeners where it was measured.

    Parameters
    ----------
    values
        (n, m), a row a listener; NaN where a listener's figure cannot be measured.

    Returns
    -------
    (m,), NaN for a column without any figure.

    >>> means(np.array([[1.0, np.nan], [2.0, np.nan]])).tolist()
    [1.5, nan]
    """
    return weighted_means(values, np.ones((1, len(values)))).reshape(-1)


def weighted_means(values: Figures, weights: Figures) -> Figures:
    """The means of the columns in each draw, (resamples, m)."""
    known = np.isfinite(values)
    counted = weights @ known.astype(np.float64)
    sums = weights @ np.where(known, values, 0.0)
    return np.asarray(sums / np.where(counted > 0, counted, np.nan))


def intervals(values: Figures, weights: Figures, confidence: float = CONFIDENCE) -> Figures:
    """The interval of the mean of each column.

    Parameters
    ----------
    values
        (n, m), a row a listener.
    weights
        From `draw_weights`; the same for all figures that are to be compared.

    Returns
    -------
    (m, 2) lower and upper ends; NaN for a column with fewer than two figures.

    >>> intervals(np.array([[0.5], [0.5]]), draw_weights(2)).tolist()
    [[0.5, 0.5]]
    """
    measurable = np.isfinite(values).sum(axis=0) >= FEWEST
    found = np.full((values.shape[1], 2), np.nan)
    if measurable.any():
        drawn = weighted_means(values[:, measurable], weights)
        tail = (1 - confidence) / 2
        # A draw has a gap only where some listeners do; passing over gaps takes much longer.
        quantile = np.nanquantile if np.isnan(drawn).any() else np.quantile
        found[measurable] = quantile(drawn, (tail, 1 - tail), axis=0).T
    return found
