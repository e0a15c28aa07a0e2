"""NDCG@20 on validation pairs, fast enough for every epoch."""

from dataclasses import dataclass

import numpy as np

from recsys_dagster.models.arrays import Float32Array, Float64Array, Int32Array, IntArray
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.rows import Rows
from recsys_dagster.models.svd.vectors import compiled

CUTOFF = 20
MOST_SCORES = 400_000_000
"""Of one validation: of more listeners, a part that does not depend on chance is looked at."""
FEWEST_LISTENERS = 100
_SCORES_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class RankingValidation:
    """Listeners to rank for, what they played in training, and what is to be found.

    Attributes
    ----------
    listeners
        (m,) users.
    known, known_starts
        The training items of each, which are not ranked: those of listener j stand from
        `known_starts[j]` up to `known_starts[j + 1]`.
    relevant, relevant_starts
        The validation items of each, in the same way.
    met
        (n_items,) which items can be ranked at all: those with training pairs.
    """

    listeners: IntArray
    known: Int32Array
    known_starts: IntArray
    relevant: Int32Array
    relevant_starts: IntArray
    met: Float32Array

    @classmethod
    def of(cls, pairs: Pairs, valid: Pairs, size: tuple[int, int]) -> "RankingValidation":
        """Choose the listeners: those with training and with validation pairs."""
        n_users, n_items = size
        trained = np.zeros(n_users, dtype=bool)
        trained[pairs.users] = True
        candidates = np.unique(valid.users)
        known = candidates[trained[candidates]]
        most = max(MOST_SCORES // max(n_items, 1), FEWEST_LISTENERS)
        step = -(-len(known) // most) if len(known) else 1
        listeners = known[::step].astype(np.int64)
        met = np.full(n_items, -np.inf, dtype=np.float32)
        met[pairs.items] = 0
        return cls(
            listeners,
            *_grouped(pairs, listeners, n_users),
            *_grouped(valid, listeners, n_users),
            met,
        )

    def ndcg(self, rows: Rows) -> float:
        """Mean NDCG@20 over the listeners, the ideal list cut at 20; NaN for no listeners."""
        if not len(self.listeners):
            return float("nan")
        found = np.empty(len(self.listeners))
        at_once = max(_SCORES_AT_ONCE // max(len(rows.items), 1), 1)
        for start in range(0, len(self.listeners), at_once):
            part = slice(start, start + at_once)
            scores = rows.users[self.listeners[part]] @ rows.items.T
            scores += self.met
            _gains(
                scores, start, self.known, self.known_starts, self.relevant, self.relevant_starts,
                found,
            )  # fmt: skip
        return float(found.mean())


def _grouped(pairs: Pairs, listeners: IntArray, n_users: int) -> tuple[Int32Array, IntArray]:
    """The items of each listener, sorted, and where each listener's begin."""
    place = np.full(n_users, -1, dtype=np.int64)
    place[listeners] = np.arange(len(listeners))
    positions = np.flatnonzero(place[pairs.users] >= 0)
    users, items = place[pairs.users[positions]], pairs.items[positions]
    order = np.lexsort((items, users))
    counts = np.bincount(users, minlength=len(listeners))
    return items[order], np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


@compiled
def _gains(
    scores: Float32Array,
    first: int,
    known: Int32Array,
    known_starts: IntArray,
    relevant: Int32Array,
    relevant_starts: IntArray,
    found: Float64Array,
) -> None:
    """NDCG@20 of each row of scores, into `found` from `first` on. Scores are spoilt."""
    best = np.empty(CUTOFF, np.float32)
    items = np.empty(CUTOFF, np.int64)
    for row in range(len(scores)):
        listener = first + row
        own = scores[row]
        for position in range(known_starts[listener], known_starts[listener + 1]):
            own[known[position]] = -np.inf
        best[:] = -np.inf
        items[:] = -1
        for item in range(len(own)):
            if own[item] > best[CUTOFF - 1]:
                place = CUTOFF - 1
                while place > 0 and best[place - 1] < own[item]:
                    best[place], items[place] = best[place - 1], items[place - 1]
                    place -= 1
                best[place], items[place] = own[item], item
        start, stop = relevant_starts[listener], relevant_starts[listener + 1]
        gain, ideal = 0.0, 0.0
        for place in range(CUTOFF):
            discount = 1 / np.log2(place + 2.0)
            if place < stop - start:
                ideal += discount
            for position in range(start, stop):
                if relevant[position] == items[place]:
                    gain += discount
        found[listener] = gain / ideal
