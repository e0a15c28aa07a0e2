"""Why a song was recommended: shares and agreements that come from the scores."""

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.recommend.answer import AudioAgreement, Because, SeedShare
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.methods import DEAF
from recsys_dagster.recommend.ranked import Ranked
from recsys_dagster.recommend.sources import Query

COMPARED = (
    "energy", "valence", "danceability", "acousticness", "instrumentalness", "liveness",
    "speechiness", "tempo", "loudness",
)  # fmt: skip
"""The features that a listener would notice; a share of a key or a bar says little."""
_AGREEMENTS = 3
_SAMPLED = 50_000
_SHARES = 5


def seed_shares(engine: Engine, ranked: Ranked, query: Query) -> NDArray[np.float64]:
    """The share of each seed in each song's score, shape (n, s); rows add up to 1.

    A source's part of the score is divided among the seeds by what each added there. Where no
    seed speaks for a song (its own bias brought it), all have the same share.
    """
    shares = np.zeros((len(ranked.ids), len(query.seeds)))
    for name, added in ranked.by_source.items():
        parts = engine.sources[name].contributions(query, ranked.ids)
        shares += added[:, None] * _rows_to_one(parts)
    return _rows_to_one(shares)


def _rows_to_one(parts: NDArray[np.floating]) -> NDArray[np.float64]:
    totals = parts.sum(axis=1, keepdims=True)
    even = np.full_like(parts, 1 / max(parts.shape[1], 1), dtype=np.float64)
    return np.where(totals > 0, parts / np.where(totals > 0, totals, 1), even)


class Explainer:
    """Explains rankings.

    Parameters
    ----------
    engine
        What made them.
    features
        Audio features by song id, shape (n_songs, 13), NaN where missing.
    names
        The columns of `features`.
    """

    def __init__(
        self, engine: Engine, features: NDArray[np.floating], names: tuple[str, ...]
    ) -> None:
        self._engine = engine
        self._columns = [names.index(name) for name in COMPARED]
        self._features = features
        # Of a large catalogue an even sample says as much, and does not hold up its opening.
        sample = features[:: -(-len(features) // _SAMPLED) or 1]
        compared = np.ma.masked_invalid(sample[:, self._columns].astype(np.float64))
        spread = compared.std(axis=0).filled(0)
        self._spread = np.where(spread > 0, spread, 1)

    def explain(self, ranked: Ranked, query: Query) -> list[Because]:
        """One explanation a song, the strongest seeds and the nearest features first.

        What no seed has brought, such as what is popular, is not explained.
        """
        if not len(query.seeds) or set(ranked.by_source) <= set(DEAF):
            return [Because()] * len(ranked.ids)
        shares = seed_shares(self._engine, ranked, query)
        return [
            Because(self._seeds(query, shares[position]), self._audio(query, int(song)))
            for position, song in enumerate(ranked.ids)
        ]

    def _seeds(self, query: Query, shares: NDArray[np.float64]) -> tuple[SeedShare, ...]:
        """The strongest seeds; of a whole history the rest would be a list without end."""
        order = np.lexsort((query.seeds, -shares))
        if query.ratings is not None:
            order = order[:_SHARES]
        return tuple(SeedShare(int(query.seeds[one]), float(shares[one])) for one in order)

    def _audio(self, query: Query, song: int) -> tuple[AudioAgreement, ...]:
        seeds = self._features[self._engine.knn.usable(query)][:, self._columns]
        counts = np.isfinite(seeds).sum(axis=0)
        mean = np.where(counts, np.nansum(seeds, axis=0) / np.maximum(counts, 1), np.nan)
        own = self._features[song, self._columns]
        apart = np.abs(own - mean) / self._spread
        known = np.flatnonzero(np.isfinite(apart))
        nearest = known[np.argsort(apart[known], kind="stable")][:_AGREEMENTS]
        return tuple(
            AudioAgreement(COMPARED[one], float(mean[one]), float(own[one])) for one in nearest
        )
