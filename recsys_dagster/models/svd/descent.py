"""The state of a descent: rows that are learned, and one epoch after another."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from recsys_dagster.models.arrays import Float32Array
from recsys_dagster.models.svd import ranking, squared
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig, SvdConfig
from recsys_dagster.models.svd.folding import Folding, RidgeFolding, SoftmaxFolding
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.rows import Rows, draw_factors, shrinkage_of
from recsys_dagster.models.svd.schedule import Crew, Schedule, even_blocks, rounds
from recsys_dagster.models.svd.validation import RankingValidation

BLOCK_ITEMS = 4096
"""Of the squared error: the rows of a block of items fit a core's own cache."""
NEGATIVE_BLOCK_ITEMS = 4096
"""Of the ranking loss, whose rows are longer; its negatives are drawn within a block."""
SLOTS_PER_ITEM = 4
LIKED_QUANTILE = 0.9


class Descent(ABC):
    """The rows of all users and items while they are learned.

    Parameters
    ----------
    pairs
        To train on; at least one. Their order is changed.
    n_users, n_items
        Size of the matrix.
    config
        Settings.
    crew
        `config.threads` threads.
    start
        A model of the first of the users and items, from which their rows start.

    Attributes
    ----------
    measure
        What `validate` gives: `mse`, the lower the better, or `ndcg@20`, the higher the better.
    rows
        As they are now.
    """

    measure: str
    higher_is_better: bool

    def __init__(
        self,
        pairs: Pairs,
        n_users: int,
        n_items: int,
        config: SvdConfig,
        crew: Crew,
        start: SvdModel | None = None,
    ) -> None:
        self.pairs = pairs
        self._crew = crew
        self._rng = np.random.default_rng(config.seed)
        self._schedule = Schedule(pairs, n_users, n_items, crew)
        self.rows = Rows.zeros(n_users, n_items, config.factors)
        for factors, counts in (
            (self.rows.user_factors, self._schedule.user_counts),
            (self.rows.item_factors, self._schedule.item_counts),
        ):
            draw_factors(factors, counts > 0, config.init_scale, self._rng)
        if start is not None:
            self._take_over(start)

    def _take_over(self, start: SvdModel) -> None:
        """Start from a model's rows; those that it has no factors for stay drawn."""
        rows = self.rows
        for factors, bias, known, known_bias in (
            (rows.user_factors, rows.user_bias, start.user_factors, start.user_bias),
            (rows.item_factors, rows.item_bias, start.item_factors, start.item_bias),
        ):
            learned = np.flatnonzero(known.any(axis=1))
            factors[learned], bias[learned] = known[learned], known_bias[learned]

    def keep(self, kept: Rows) -> None:
        """Copy the rows as they are now into others, a part in each thread."""

        def copy(thread: int) -> None:
            for own, other in ((self.rows.users, kept.users), (self.rows.items, kept.items)):
                part = slice(
                    len(own) * thread // self._crew.size, len(own) * (thread + 1) // self._crew.size
                )
                np.copyto(other[part], own[part])

        self._crew.each(copy)

    @abstractmethod
    def start_loss(self) -> float:
        """What `epoch` would give before training, or NaN where that cannot be said."""

    @abstractmethod
    def epoch(self, rate: float) -> float:
        """Update with every pair once; the mean loss of the pairs, each before its update."""

    @abstractmethod
    def validate(self) -> float:
        """The figure on the validation pairs; NaN when there are none."""

    @abstractmethod
    def model(self, rows: Rows) -> SvdModel:
        """Make a model of rows, which it looks at and does not copy."""


class SquaredDescent(Descent):
    """Descends on (rating - μ - b_u - b_i - p·q)² + λ (|p|² + |q|² + b_u² + b_i²)."""

    measure = "mse"
    higher_is_better = False

    def __init__(
        self,
        pairs: Pairs,
        valid: Pairs,
        size: tuple[int, int],
        config: SquaredConfig,
        crew: Crew,
        start: SvdModel | None = None,
    ) -> None:
        super().__init__(pairs, *size, config, crew, start)
        self._valid = valid
        self._config = config
        self.mean = float(pairs.ratings.mean(dtype=np.float64))
        shrinkage = (config.regularisation, config.frequency_exponent)
        self.rows.user_shrinkage[:] = shrinkage_of(self._schedule.user_counts, *shrinkage)
        self.rows.item_shrinkage[:] = shrinkage_of(self._schedule.item_counts, *shrinkage)
        blocks = even_blocks(size[1], BLOCK_ITEMS, crew.size)
        self._cells = self._schedule.cut(*blocks, self._rng)

    def start_loss(self) -> float:
        """Mean squared error of the training pairs."""
        return squared.mean_squared_error(self.pairs, self.mean, self.rows)

    def epoch(self, rate: float) -> float:
        """Update with every pair once, the blocks in an order by chance."""
        config = self._config
        descend = squared.descent_of(self.rows.factors, alike=config.frequency_exponent == 1)
        total = 0.0
        for turns in rounds(self._cells, self._rng):

            def work(thread: int, turns: list[Any] = turns) -> float:
                cells = self._cells[thread]
                return descend(
                    turns[thread], cells.starts,
                    cells.pairs.users, cells.pairs.items, cells.pairs.ratings,
                    np.float32(self.mean), self.rows.users, self.rows.items, np.float32(rate),
                    np.float32(config.regularisation),
                )  # fmt: skip

            total += sum(self._crew.each(work))
        return total / len(self.pairs)

    def validate(self) -> float:
        """Mean squared error of the validation pairs."""
        return squared.mean_squared_error(self._valid, self.mean, self.rows)

    def model(self, rows: Rows) -> SvdModel:
        """Make a model that folds listeners in by ridge regression."""
        # At most about a million of the pairs, so that memory stays what it was.
        ratings = self.pairs.ratings[:: max(len(self.pairs) // 1_000_000, 1)]
        played = ratings[ratings > 0]
        liked = float(np.quantile(played, LIKED_QUANTILE)) if len(played) else self.mean
        unplayed = (len(ratings) - len(played)) / max(len(played), 1)
        folding = RidgeFolding.of(
            rows.item_factors, rows.item_bias, self.mean, self._config.regularisation, liked,
            unplayed,
        )  # fmt: skip
        return _model(rows, self.mean, folding)


class RankingDescent(Descent):
    """Descends on the cross entropy of the softmax over a song that was played and negatives."""

    measure = "ndcg@20"
    higher_is_better = True

    def __init__(
        self,
        pairs: Pairs,
        valid: Pairs,
        size: tuple[int, int],
        config: RankingConfig,
        crew: Crew,
        start: SvdModel | None = None,
    ) -> None:
        super().__init__(pairs, *size, config, crew, start)
        self._config = config
        self._to_unit_length()
        self._validation = RankingValidation.of(pairs, valid, size)
        _weigh(pairs.ratings, config.play_exponent)
        counts = self._schedule.item_counts
        self._chances = _powers(counts, config.negative_exponent)
        strength = np.float32(config.correction * config.negative_exponent)
        self._log_counts = strength * np.log(np.maximum(counts, 1)).astype(np.float32)
        self._even_blocks, self._n_blocks = even_blocks(size[1], NEGATIVE_BLOCK_ITEMS, crew.size)

    def _to_unit_length(self) -> None:
        ranking.to_unit_length(self.rows.user_factors)
        ranking.to_unit_length(self.rows.item_factors)

    def start_loss(self) -> float:
        """Unknown: it would take negatives of its own."""
        return float("nan")

    def epoch(self, rate: float) -> float:
        """Update with every pair once, over blocks of items that are drawn anew.

        Negatives come from the block of the song that was played. As blocks are drawn anew each
        epoch, every song meets every other.
        """
        block_of = self._even_blocks[self._rng.permutation(len(self._even_blocks))]
        cells = self._schedule.cut(block_of, self._n_blocks, self._rng)
        slots = SLOTS_PER_ITEM * NEGATIVE_BLOCK_ITEMS
        tables = ranking.tables_of_negatives(
            block_of, self._n_blocks, self._chances, slots, self._rng
        )
        descend = ranking.descent_of(self.rows.factors)
        total = 0.0
        for turns in rounds(cells, self._rng):
            seeds = self._rng.integers(2**63, size=self._crew.size, dtype=np.uint64)

            def work(thread: int, turns: list[Any] = turns, seeds: Any = seeds) -> float:
                pairs = cells[thread].pairs
                return descend(
                    turns[thread], cells[thread].starts, pairs.users, pairs.items, pairs.ratings,
                    tables, self._log_counts, self.rows.users, self.rows.items, np.float32(rate),
                    np.float32(1 / self._config.temperature), self._config.negatives,
                    seeds[thread],
                )  # fmt: skip

            total += sum(self._crew.each(work))
        self._to_unit_length()
        return total / len(self.pairs)

    def validate(self) -> float:
        """NDCG@20 of the validation pairs, the training pairs left out of the rankings."""
        return self._validation.ndcg(self.rows)

    def model(self, rows: Rows) -> SvdModel:
        """Make a model that folds listeners in by the softmax."""
        config = self._config
        folding = SoftmaxFolding.of(
            rows.user_factors, rows.item_factors, self._chances, config.correction,
            config.temperature, config.negatives, config.play_exponent,
        )  # fmt: skip
        return _model(rows, 0.0, folding)


def _model(rows: Rows, mean: float, folding: Folding) -> SvdModel:
    return SvdModel(
        mean, rows.user_bias, rows.item_bias, rows.user_factors, rows.item_factors, folding
    )


def _weigh(ratings: Float32Array, exponent: float) -> None:
    """Turn ratings into weights of mean 1, in place."""
    np.power(ratings, np.float32(exponent), out=ratings)
    mean = ratings.mean(dtype=np.float64)
    if mean > 0:
        ratings /= np.float32(mean)


def _powers(counts: Any, exponent: float) -> Float32Array:
    """counts^exponent, and 0 for 0."""
    return np.where(counts > 0, np.maximum(counts, 1.0) ** exponent, 0).astype(np.float32)
