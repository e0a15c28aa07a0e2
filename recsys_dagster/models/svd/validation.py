"""NDCG@20 on validation pairs, fast enough for every epoch."""

from dataclasses import dataclass

import numpy as np

from recsys_dagster.models.arrays import Float32Array, Float64Array, IntArray
from recsys_dagster.models.scan import ItemLists, scan
from recsys_dagster.models.svd.pairs import Pairs
from recsys_dagster.models.svd.rows import Rows
from recsys_dagster.models.svd.vectors import compiled

CUTOFF = 20
MOST_SCORES = 400_000_000
"""Of one validation: of more listeners, a part that does not depend on chance is looked at."""
FEWEST_LISTENERS = 100
AT_ONCE = 256
"""Listeners."""


@dataclass(frozen=True)
class RankingValidation:
    """Listeners to rank for, what they played in training, and what is to be found.

    Attributes
    ----------
    listeners
        (m,) users.
    known, relevant
        The training items of each, which are not ranked, and the validation items; sorted.
    met
        (n_items,) 0 for items that can be ranked, those with training pairs, -inf for others.
    """

    listeners: IntArray
    known: ItemLists
    relevant: ItemLists
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
        known_items, relevant = (_grouped(some, listeners, n_users) for some in (pairs, valid))
        return cls(listeners, known_items, relevant, met)

    def ndcg(self, rows: Rows) -> float:
        """Mean NDCG@20 over the listeners, the ideal list cut at 20; NaN for no listeners."""
        if not len(self.listeners):
            return float("nan")
        found = np.empty(len(self.listeners))
        for first in range(0, len(found), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            users = rows.users[self.listeners[part]]
            offsets = self.met, np.zeros(len(users), np.float32)
            items, _ = scan(users, rows.items.T, offsets, self.known.at(part), CUTOFF)
            relevant = self.relevant.at(part)
            found[part] = _gains(items, relevant.starts, relevant.items)
        return float(found.mean())


def _grouped(pairs: Pairs, listeners: IntArray, n_users: int) -> ItemLists:
    """The items of each listener, sorted, and where each listener's begin."""
    place = np.full(n_users, -1, dtype=np.int64)
    place[listeners] = np.arange(len(listeners))
    positions = np.flatnonzero(place[pairs.users] >= 0)
    users, items = place[pairs.users[positions]], pairs.items[positions]
    order = np.lexsort((items, users))
    counts = np.bincount(users, minlength=len(listeners))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return ItemLists(starts, items[order].astype(np.int64))


@compiled
def _gains(ranked: IntArray, starts: IntArray, relevant: IntArray) -> Float64Array:
    """NDCG@20 of each row of items, of which those from start to start are to be found."""
    found = np.empty(len(ranked))
    for row in range(len(ranked)):
        own = relevant[starts[row] : starts[row + 1]]
        gain, ideal = 0.0, 0.0
        for place in range(CUTOFF):
            discount = 1 / np.log2(place + 2.0)
            if place < len(own):
                ideal += discount
            for item in own:
                if item == ranked[row, place]:
                    gain += discount
        found[row] = gain / ideal
    return found
