"""Who does what when: cells of pairs that threads can work on side by side without a race.

Listeners are cut into one range a thread, items into blocks, and the blocks into one range a
thread too. In each of as many rounds as there are threads, a thread takes the pairs of its own
listeners with another range of items::

              items 1   items 2
    thread 1  round 1   round 2
    thread 2  round 2   round 1

So in a round no two threads touch the row of one listener or one item, and the result is the same
bytes for the same seed and number of threads, whichever runs first (Gemulla et al. 2011,
"Large-scale matrix factorization with distributed stochastic gradient descent"). Within a block
the items' rows fit a core's own cache.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from recsys_dagster.models.arrays import Int32Array, IntArray
from recsys_dagster.models.svd.pairs import (
    Pairs,
    bring_together,
    even_borders,
    numbered,
    occurrences,
    shuffle,
)

Result = TypeVar("Result")


class Crew:
    """Threads that work side by side; compiled loops let go of the interpreter's lock."""

    def __init__(self, size: int, pool: ThreadPoolExecutor) -> None:
        self.size = size
        self._pool = pool

    @classmethod
    @contextmanager
    def of(cls, size: int) -> "Iterator[Crew]":
        """Threads for as long as the block lasts."""
        with ThreadPoolExecutor(size, thread_name_prefix="svd") as pool:
            yield cls(size, pool)

    def each(self, work: Callable[[int], Result]) -> list[Result]:
        """Have every thread do its work, given its number, and wait for all."""
        return list(self._pool.map(work, range(self.size)))


@dataclass(frozen=True)
class Cells:
    """The pairs of one thread, block by block.

    Attributes
    ----------
    pairs
        Views of its part of all pairs.
    starts
        (blocks + 1,) where each block begins.
    """

    pairs: Pairs
    starts: IntArray

    @property
    def sizes(self) -> IntArray:
        """(blocks,) how many pairs each block has."""
        return np.diff(self.starts)


class Schedule:
    """Cuts the pairs among the threads.

    Parameters
    ----------
    pairs
        Their order is changed, in place.
    n_users, n_items
        Size of the matrix.
    crew
        The threads.
    """

    def __init__(self, pairs: Pairs, n_users: int, n_items: int, crew: Crew) -> None:
        self._crew = crew
        self.item_counts = occurrences(pairs.items, n_items)
        self.user_counts = occurrences(pairs.users, n_users)
        thread_of = numbered(even_borders(self.user_counts, crew.size))
        starts = bring_together(pairs.users, pairs.items, pairs.ratings, thread_of, crew.size)
        self._parts = [pairs.at(slice(start, stop)) for start, stop in pairwise(starts)]

    def cut(self, block_of: Int32Array, blocks: int, rng: np.random.Generator) -> list[Cells]:
        """Put each thread's pairs in the order of blocks of items, and by chance within a block.

        Parameters
        ----------
        block_of
            (n_items,) the block of each item.
        blocks
            How many there are.
        rng
            Source of the order.
        """
        seeds = rng.integers(2**63, size=(self._crew.size, blocks), dtype=np.uint64)

        def arrange(thread: int) -> Cells:
            part = self._parts[thread]
            starts = bring_together(part.items, part.users, part.ratings, block_of, blocks)
            for block in range(blocks):
                cell = part.at(slice(starts[block], starts[block + 1]))
                shuffle(cell.users, cell.items, cell.ratings, seeds[thread, block])
            return Cells(part, starts)

        return self._crew.each(arrange)


def rounds(cells: Sequence[Cells], rng: np.random.Generator) -> Iterator[list[IntArray]]:
    """Which blocks each thread works on, round by round, in an order by chance.

    Parameters
    ----------
    cells
        The pairs of each thread, over the same blocks.
    rng
        Source of the order.
    """
    threads = len(cells)
    borders = even_borders(np.sum([own.sizes for own in cells], axis=0), threads)
    ranges = [rng.permutation(np.arange(start, stop)) for start, stop in pairwise(borders)]
    for turn in range(threads):
        yield [ranges[(thread + turn) % threads] for thread in range(threads)]


def even_blocks(n_items: int, size: int, threads: int) -> tuple[Int32Array, int]:
    """Blocks of neighbouring items, at most `size` each, and enough for all threads.

    Returns
    -------
    block_of
        (n_items,) int32.
    blocks
        How many there are, at least 1.
    """
    blocks = max(-(-n_items // size), min(threads, n_items), 1)
    borders = np.linspace(0, n_items, blocks + 1).round().astype(np.int64)
    return numbered(borders), blocks
