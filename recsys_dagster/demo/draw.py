"""Weighted draws from ranges of one long list, for many draws at once."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


def running_total(weights: Floats) -> Floats:
    """Return the cumulative weights with a 0 in front.

    Parameters
    ----------
    weights
        Shape (n,), not negative.

    Returns
    -------
    Floats
        Shape (n + 1,): entry i is the weight before item i.
    """
    return np.concatenate(([0.0], np.cumsum(weights)))


def draw_in_ranges(
    total: Floats, low: Ints, high: Ints, tries: int, rng: np.random.Generator
) -> Ints:
    """Draw items from ``[low, high)``, each with its weight, by inverting the running total.

    Parameters
    ----------
    total
        Shape (n + 1,), from `running_total`. Songs lie by genre and artist, so that a genre, an
        artist and the whole world are all ranges of the same list.
    low, high
        Shape (m,): one range for each row. Every range holds some weight.
    tries
        How many items to draw from each range, with replacement.
    rng
        Source of chance.

    Returns
    -------
    Ints
        Shape (m, tries).
    """
    low, high = low[:, None], high[:, None]
    point = total[low] + rng.random((len(low), tries)) * (total[high] - total[low])
    found = np.searchsorted(total, point, side="right") - 1
    # Rounding can put a point on the upper end of its range.
    return np.clip(found, low, high - 1)


def pick_best(candidates: Ints, score: Singles, rng: np.random.Generator) -> Ints:
    """Pick one candidate per row with probability softmax(score), by the Gumbel trick.

    Parameters
    ----------
    candidates, score
        Shape (m, tries).
    rng
        Source of chance.

    Returns
    -------
    Ints
        Shape (m,).
    """
    noise = -np.log(rng.standard_exponential(score.shape, dtype=np.float32) + 1e-12)
    best = np.argmax(score + noise, axis=1)
    return np.take_along_axis(candidates, best[:, None], axis=1)[:, 0]


def count_up_within(sizes: Ints) -> Ints:
    """Return 0, 1, 2, … within each group.

    Parameters
    ----------
    sizes
        Shape (groups,): the length of each group.

    Returns
    -------
    Ints
        Shape (sum of sizes,).
    """
    begin = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.arange(len(begin)) - begin
