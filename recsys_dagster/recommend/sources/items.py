"""The candidate source "same listeners": item-item neighbours."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.sources.base import Candidates, Columns, Ids, Query, Scores, Source
from recsys_dagster.recommend.sources.picking import is_among, top

_LEAST = 1e-3


class Items(Source):
    """Songs that are played by the listeners of the seeds: item-item neighbours."""

    name = "items"
    label = "Same listeners"
    explained = "Songs that the same listeners play as yours."
    brings = "Same listeners"
    features: ClassVar[Mapping[str, float]] = {
        "items_score": float(np.log(_LEAST)), "items_share": 0.0,
        "items_nearest": float(np.log(_LEAST)), "items_agree": 0.0,
    }  # fmt: skip

    def __init__(self, model: ItemKnn, available: NDArray[np.bool_]) -> None:
        self.model = model
        self._available = available

    @classmethod
    def of(cls, models: Models) -> Self | None:
        """See `Source`."""
        return None if models.items is None else cls(models.items, models.recommendable)

    def _weights(self, query: Query) -> Scores | None:
        """How much each seed counts, as a listen does in training; see `ItemKnnConfig`."""
        exponent = np.float32(self.model.config.play_exponent)
        return None if query.ratings is None else query.ratings**exponent

    def candidates(self, query: Query, n: int) -> Candidates:
        """Songs by the sum of their nearness to the seeds; see `Source`."""
        ids, scores = self.model.found(query.seeds, self._weights(query))
        wanted = self._available[ids] & ~is_among(ids, query.unwanted)
        best = top(np.where(wanted, scores, np.float32(-np.inf)), n)
        return Candidates(ids[best.ids], best.scores)

    def contributions(self, query: Query, ids: Ids) -> NDArray[Any]:
        """How near each seed is to the songs."""
        return self.model.contributions(query.seeds, ids, self._weights(query))

    def columns(self, query: Query, ids: Ids) -> Columns:
        """How near the seeds are by who plays them, and how many of them are near at all."""
        if not len(query.seeds):
            return {name: np.array([value]) for name, value in self.features.items()}
        near = self.model.nearness(query.seeds, ids, self._weights(query))
        return {
            "items_score": np.log(near.mean + _LEAST),
            "items_share": near.mean / max(near.mean.max(initial=0), _LEAST**2),
            "items_nearest": np.log(near.highest + _LEAST),
            "items_agree": near.share,
        }
