"""How what is learned lies in memory: one padded row a user or item, in float32.

::

    user  [ p_1 … p_k   b_u   1    λ_u   0     0 … 0 ]
    item  [ q_1 … q_k   1     b_i  0     λ_i   0 … 0 ]

One dot product of two rows gives p·q + b_u + b_i, and one loop updates factors and biases alike;
what a row is shrunk by lies where its update needs it. Rows are a multiple of eight float32 and
the first begins at a cache line, so that loops are whole vector instructions.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import Float32Array, IntArray

LANES = 8
"""Float32 numbers in one vector instruction."""
TAIL = 4
"""Columns after the factors: two for the biases and their constants, two for the shrinkage."""
CACHE_LINE = 64
_DRAWN_AT_ONCE = 1 << 14


def padded_width(factors: int) -> int:
    """Length of a row of `factors` factors, its tail and padding, in float32."""
    return -(-(factors + TAIL) // LANES) * LANES


def zero_rows(count: int, factors: int) -> Float32Array:
    """Rows of zeros, (count, padded_width(factors)), that begin at a cache line."""
    width = padded_width(factors)
    size = count * width * 4
    memory = np.zeros(size + CACHE_LINE, dtype=np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(np.float32).reshape(count, width)


@dataclass(frozen=True)
class Rows:
    """The rows of all users and of all items.

    Attributes
    ----------
    users, items
        (n_users, width), (n_items, width) float32.
    factors
        k.
    """

    users: Float32Array
    items: Float32Array
    factors: int

    @classmethod
    def zeros(cls, n_users: int, n_items: int, factors: int) -> "Rows":
        """Rows with nothing but their constants."""
        rows = cls(zero_rows(n_users, factors), zero_rows(n_items, factors), factors)
        rows.users[:, factors + 1] = 1
        rows.items[:, factors] = 1
        return rows

    @property
    def user_factors(self) -> Float32Array:
        """(n_users, k), a view."""
        return self.users[:, : self.factors]

    @property
    def item_factors(self) -> Float32Array:
        """(n_items, k), a view."""
        return self.items[:, : self.factors]

    @property
    def user_bias(self) -> Float32Array:
        """(n_users,), a view."""
        return self.users[:, self.factors]

    @property
    def item_bias(self) -> Float32Array:
        """(n_items,), a view."""
        return self.items[:, self.factors + 1]

    @property
    def user_shrinkage(self) -> Float32Array:
        """(n_users,) L2 weight of one update, a view."""
        return self.users[:, self.factors + 2]

    @property
    def item_shrinkage(self) -> Float32Array:
        """(n_items,) L2 weight of one update, a view."""
        return self.items[:, self.factors + 3]


def draw_factors(
    factors: Float32Array, met: NDArray[np.bool_], scale: float, rng: np.random.Generator
) -> None:
    """Draw the factors of the rows that training will meet, evenly from around 0.

    The others stay as they are: nothing would ever move them from chance, and they would be
    recommended by it.

    Parameters
    ----------
    factors
        (n, k), changed in place.
    met
        (n,) which rows to draw.
    scale
        Standard deviation.
    rng
        The same numbers are drawn whichever rows are met, so that few new pairs change little.
    """
    # A part at a time: all at once would double the memory of training.
    for start in range(0, len(factors), _DRAWN_AT_ONCE):
        part = slice(start, start + _DRAWN_AT_ONCE)
        drawn = rng.random(factors[part].shape, dtype=np.float32)
        drawn -= np.float32(0.5)
        drawn *= np.float32(scale * 12**0.5)
        np.copyto(factors[part], drawn, where=met[part, None])


def shrinkage_of(counts: IntArray, regularisation: float, exponent: float) -> Float32Array:
    """L2 weight of one update of each row.

    A row that is met n times an epoch is shrunk by λ n^exponent m^(1-exponent) in all, where m is
    the mean of n over the rows that are met: 1 shrinks by frequency (every update alike), 0
    shrinks all rows alike.

    Parameters
    ----------
    counts
        (n_rows,) how often a row is met in an epoch.
    regularisation
        λ.
    exponent
        From 0 to 1.
    """
    met = counts > 0
    mean = counts[met].mean() if met.any() else 1.0
    relative = np.where(met, np.maximum(counts, 1) / mean, 1.0)
    weights: NDArray[Any] = regularisation * relative ** (exponent - 1)
    return weights.astype(np.float32)
