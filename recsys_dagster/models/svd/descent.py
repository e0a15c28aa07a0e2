"""The state of a descent: the pairs laid out for the cache, and the rows that are learned."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import Float32Array, Int32Array, IntArray, check_indices
from recsys_dagster.models.svd import kernel
from recsys_dagster.models.svd.config import SvdConfig
from recsys_dagster.models.svd.model import SvdModel, catalogue_gram

# The rows of a block of items and the pairs of a chunk fit the second-level cache.
BLOCK_ITEMS = 8192
CHUNK_PAIRS = 65536
LIKED_QUANTILE = 0.9


@dataclass(frozen=True)
class Pairs:
    """(n,) users, items and ratings."""

    users: Int32Array
    items: Int32Array
    ratings: Float32Array

    def __len__(self) -> int:
        return len(self.users)

    @classmethod
    def of(
        cls,
        users: NDArray[np.integer[Any]],
        items: NDArray[np.integer[Any]],
        plays: NDArray[Any],
        n_users: int,
        n_items: int,
    ) -> "Pairs":
        """Check the pairs and rate each with log(1 + plays).

        Raises
        ------
        RecsysError
            When the arrays differ in length, or an index or play count is out of range.
        """
        if not len(users) == len(items) == len(plays):
            raise RecsysError(
                f"got {len(users)} users, {len(items)} items and {len(plays)} play counts; "
                "expected as many of each."
            )
        check_indices("users", users, n_users)
        check_indices("items", items, n_items)
        counts = np.asarray(plays, dtype=np.float64)
        wrong = ~(np.isfinite(counts) & (counts >= 0))
        if wrong.any():
            raise RecsysError(
                f"play counts must be numbers from 0 up; got {counts[wrong][0]} at position "
                f"{int(np.flatnonzero(wrong)[0])}, and {int(wrong.sum())} such in all. "
                "Leave these pairs out."
            )
        ratings = np.log1p(counts).astype(np.float32)
        return cls(users.astype(np.int32), items.astype(np.int32), ratings)

    def at(self, positions: IntArray | slice) -> "Pairs":
        """Return the pairs at some positions."""
        return Pairs(self.users[positions], self.items[positions], self.ratings[positions])


def laid_out(pairs: Pairs, rng: np.random.Generator) -> Pairs:
    """Put the pairs in the order of their blocks of items, and by chance within a block."""
    order = rng.permutation(len(pairs))
    # Sixteen bits have NumPy sort by radix; blocks beyond them only share a number.
    blocks = (pairs.items[order] // BLOCK_ITEMS).astype(np.uint16)
    return pairs.at(order[np.argsort(blocks, kind="stable")])


class Descent:
    """The rows of all users and items while they are learned.

    Parameters
    ----------
    pairs
        To train on; at least one.
    n_users, n_items
        Size of the matrix.
    config
        See `SvdConfig`.
    """

    def __init__(self, pairs: Pairs, n_users: int, n_items: int, config: SvdConfig) -> None:
        self.config = config
        self._kept: tuple[Float32Array, Float32Array] | None = None
        self.mean = float(pairs.ratings.mean(dtype=np.float64))
        played = pairs.ratings[pairs.ratings > 0]
        self.liked = float(np.quantile(played, LIKED_QUANTILE)) if len(played) else self.mean
        self._rng = np.random.default_rng(config.seed)
        self.user_rows = self._start(n_users, pairs.users, constant=config.factors + 1)
        self.item_rows = self._start(n_items, pairs.items, constant=config.factors)
        self.pairs = laid_out(
            Pairs(pairs.users, pairs.items, pairs.ratings - np.float32(self.mean)), self._rng
        )

    def _start(self, count: int, seen: Int32Array, *, constant: int) -> Float32Array:
        factors = self.config.factors
        rows = kernel.zero_rows(count, factors)
        drawn = self._rng.standard_normal((count, factors), dtype=np.float32)
        # Rows that no pair moves begin, and so stay, at 0: noise would be recommended.
        met = np.zeros((count, 1), dtype=np.float32)
        met[seen] = self.config.init_scale
        np.multiply(drawn, met, out=rows[:, :factors])
        rows[:, constant] = 1
        return rows

    def epoch(self) -> None:
        """Update with every pair once: chunk after chunk by chance, by chance within each."""
        starts = np.arange(0, len(self.pairs), CHUNK_PAIRS)
        seeds = self._rng.integers(2**63, size=len(starts), dtype=np.uint64)
        for turn in self._rng.permutation(len(starts)):
            part = self.pairs.at(slice(starts[turn], starts[turn] + CHUNK_PAIRS))
            kernel.shuffle(part.users, part.items, part.ratings, seeds[turn])
            kernel.descend(
                part.users,
                part.items,
                part.ratings,
                self.user_rows,
                self.item_rows,
                self.config.factors,
                np.float32(self.config.learning_rate),
                np.float32(self.config.regularisation),
            )

    def train_mse(self) -> float:
        """Mean squared error of the pairs that are trained on."""
        return self.mse(self.pairs)

    def mse(self, pairs: Pairs) -> float:
        """Mean squared error of pairs whose ratings are less the mean; NaN for no pairs."""
        if len(pairs) == 0:
            return float("nan")
        arrays = (pairs.users, pairs.items, pairs.ratings)
        return kernel.squared_error(*arrays, self.user_rows, self.item_rows) / len(pairs)

    def keep(self) -> None:
        """Remember the rows as they are now for `model`."""
        self._kept = (self.user_rows.copy(), self.item_rows.copy())

    def model(self) -> SvdModel:
        """Make a model of the rows last kept, or of those of now when none were."""
        k = self.config.factors
        user_rows, item_rows = self._kept or (self.user_rows, self.item_rows)
        item_factors = item_rows[:, :k].copy()
        return SvdModel(
            mean=self.mean,
            user_bias=user_rows[:, k].copy(),
            item_bias=item_rows[:, k + 1].copy(),
            user_factors=user_rows[:, :k].copy(),
            item_factors=item_factors,
            gram=catalogue_gram(item_factors),
            regularisation=self.config.regularisation,
            liked=self.liked,
        )
