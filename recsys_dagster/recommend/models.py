"""What an engine looks into."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.model import SvdModel


@dataclass(frozen=True)
class Models:
    """What an engine is made of, all over the same song ids.

    Attributes
    ----------
    svd, knn
        The factorisation and the index over the audio features.
    plays, listeners
        Of each song, shape (n_songs,).
    artists
        Number of each song's artist, shape (n_songs,).
    items
        Item-item neighbours, or `None`: nothing is known of who plays what with what.
    available
        Which songs may be recommended, shape (n_songs,); by default those with plays.
    """

    svd: SvdModel
    knn: KnnIndex
    plays: NDArray[np.integer[Any]]
    listeners: NDArray[np.integer[Any]]
    artists: NDArray[np.integer[Any]]
    items: ItemKnn | None = None
    available: NDArray[np.bool_] | None = None

    @property
    def recommendable(self) -> NDArray[np.bool_]:
        """`available`, or the songs with plays, (n_songs,)."""
        return np.asarray(self.plays > 0) if self.available is None else self.available
