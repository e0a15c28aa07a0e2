"""Re-ranking: what a listener asks of a list beyond what each of its songs is worth.

Every candidate has a value,

    v_i = r_i + POPULARITY · d · (p_i - ½) + Σ_f STEERING · a_f · z_if

with r_i its score, brought to 0 … 1 over the candidates; d = 1 (`safe`), 0 (`balanced`) or
-1 (`deep`); p_i the percentile of its plays among the songs that are played; a_f = -1 … 1 the
steering of an audio feature and z_if that feature, standardised over the catalogue, at most 3
either way and 0 where it is not known. Songs are then taken one by one by maximal marginal
relevance (Carbonell and Goldstein 1998, "The use of MMR, diversity-based reranking for reordering
documents and producing summaries"): next comes the song with the highest

    (1 - diversity) · v_i - diversity · max_j∈taken sim_ij

whose artist still has room. sim_ij is the mean of the cosines of audio vectors and of SVD
factors, whichever both songs have, and at least 0: a song with neither is like no other. Of
equals the higher v_i comes first, then what the method puts first.
"""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.ranked import Ranked
from recsys_dagster.recommend.relevance import Floats, Likeness, marginal_relevance
from recsys_dagster.recommend.songs import SongTable
from recsys_dagster.recommend.sources import Ids, Query

DIALS: Mapping[str, int] = {"safe": 1, "balanced": 0, "deep": -1}
"""What `popularity` may be, and d of each."""
STEERABLE: tuple[str, ...] = ("energy", "valence", "tempo")
POPULARITY = 1.0
"""From never to most played weighs as much as from the worst candidate to the best."""
STEERING = 0.25
"""One standard deviation of a feature weighs a quarter of that."""
_FARTHEST = 3.0
CANDIDATES_EACH = 10
"""Candidates for each song asked for …"""
LEAST_CANDIDATES = 200
"""… and at least so many."""
_DEEPER = 4


@dataclass(frozen=True, slots=True)
class Reranking:
    """What is asked of a list; the default asks for nothing.

    Parameters
    ----------
    diversity
        0 … 1: how much being like a song above counts against a song.
    max_per_artist
        How many songs of one artist there may be; `None`: any number.
    popularity
        `safe`, `balanced` or `deep`.
    steer
        By feature of `STEERABLE`, -1 (less) … 1 (more).

    Raises
    ------
    RecsysError
        A value is none of these.
    """

    diversity: float = 0.0
    max_per_artist: int | None = None
    popularity: str = "balanced"
    steer: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_number("diversity", self.diversity, 0)
        cap = self.max_per_artist
        if cap is not None and (isinstance(cap, bool) or not _is_whole(cap) or cap < 1):
            raise RecsysError(
                f"The most songs of one artist must be 1 or more; got {str(cap)[:40]}."
            )
        if not isinstance(self.popularity, str) or self.popularity not in DIALS:
            raise RecsysError(
                f"There is no popularity {str(self.popularity)[:40]!r}; there are "
                f"{', '.join(DIALS)}."
            )
        _check_steering(self.steer)

    @property
    def active(self) -> bool:
        """Whether it can change a list at all."""
        return bool(
            self.diversity
            or self.max_per_artist
            or DIALS[self.popularity]
            or any(self.steer.values())
        )


def _check_steering(steer: Mapping[str, float]) -> None:
    if not isinstance(steer, Mapping):
        raise RecsysError(f'Steer as in {{"energy": 0.5}}; got {str(steer)[:40]!r}.')
    for name, amount in steer.items():
        if name not in STEERABLE:
            raise RecsysError(
                f"Nothing is steered by {str(name)[:40]!r}; there are {', '.join(STEERABLE)}."
            )
        _check_number(name, amount, -1)


def _check_number(name: str, value: object, lowest: int) -> None:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not lowest <= float(value) <= 1:  # type: ignore[arg-type]
        raise RecsysError(f"The {name} must be a number from {lowest} to 1; got {str(value)[:40]}.")


def _is_whole(value: object) -> bool:
    return isinstance(value, numbers.Integral)


class Reranker:
    """Ranks by an engine, and re-ranks.

    Parameters
    ----------
    engine
        What ranks.
    songs
        The songs, for their artists and plays.
    features
        Audio features by song id, shape (n_songs, c), in the columns of the engine's index.
    """

    def __init__(self, engine: Engine, songs: SongTable, features: Floats) -> None:
        self._engine = engine
        self._songs = songs
        self._features = features

    def rank(self, method: str, query: Query, n: int, asked: Reranking) -> Ranked:
        """The `n` songs that do best what is asked, in that order; fewer where there are no more.

        Scores stay those of the method. Where nothing is asked, this is `Engine.rank`.
        Otherwise the candidates are those of a list of `n`, ten for each song asked for and at
        least 200; where too few of them may stay, more are looked at until there are no more.
        """
        if not asked.active:
            return self._engine.rank(method, query, n)
        width, depth, seen = max(CANDIDATES_EACH * n, LEAST_CANDIDATES), n, -1
        while True:
            pool = self._engine.pool(method, query, width, depth=depth)
            chosen = self._choose(pool, n, asked)
            if len(chosen) == n or len(pool.ids) == seen:
                return pool.take(chosen)
            width, seen = width * _DEEPER, len(pool.ids)
            depth = width

    def _choose(self, pool: Ranked, n: int, asked: Reranking) -> Ids:
        values = self._values(pool, asked)
        order = np.argsort(-values, kind="stable")  # of equals first what the method puts first
        ids = pool.ids[order]
        artists = np.unique(self._songs.artist_keys(ids), return_inverse=True)[1]
        likeness = Likeness(self._spaces(ids)) if asked.diversity else None
        return order[marginal_relevance(
            values[order], artists, likeness, n,
            diversity=asked.diversity, max_per_artist=asked.max_per_artist,
        )]  # fmt: skip

    def _values(self, pool: Ranked, asked: Reranking) -> NDArray[np.float64]:
        values = scaled(pool.scores)
        if dial := DIALS[asked.popularity]:
            values += POPULARITY * dial * (self.percentiles(pool.ids) - 0.5)
        if any(asked.steer.values()):
            standard = self.standardised(pool.ids)
            for name, amount in asked.steer.items():
                values += STEERING * amount * standard[name]
        return values

    def percentiles(self, ids: Ids) -> NDArray[np.float64]:
        """Of each song the share of the played songs that are played less, (n,) in 0 … 1.

        Songs that are played as often count half.
        """
        plays = self._songs.plays[ids]
        less, at_most = (np.searchsorted(self._plays, plays, side) for side in ("left", "right"))
        return np.asarray((less + at_most) / (2 * max(len(self._plays), 1)))

    @cached_property
    def _plays(self) -> NDArray[np.int64]:
        """The play counts of the songs that are played, ascending."""
        plays = self._songs.plays
        return np.sort(plays[plays > 0])

    def standardised(self, ids: Ids) -> dict[str, NDArray[np.float64]]:
        """Each feature of `STEERABLE` in standard deviations from the mean, (n,) each.

        Tempo goes by its logarithm, as in `FeatureSpace`. At most 3 either way; 0 is unknown.
        """
        space = self._engine.knn.index.space
        points = space.transform(np.asarray(self._features[ids], np.float64)).astype(np.float64)
        names = [name for column in space.columns for name in [column] * (1 + (column == "key"))]
        return {
            name: np.clip(points[:, names.index(name)], -_FARTHEST, _FARTHEST)
            if name in names
            else np.zeros(len(ids))
            for name in STEERABLE
        }

    def _spaces(self, ids: Ids) -> list[Floats]:
        return [self._engine.knn.index.vector(ids), self._engine.svd.model.item_factors[ids]]


def scaled(scores: Floats) -> NDArray[np.float64]:
    """Scores brought to 0 (the worst) … 1 (the best); 1 where all are equal.

    Examples
    --------
    >>> scaled(np.array([3.0, 2.0, 1.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    values = np.asarray(scores, np.float64)
    if not len(values) or math.isclose(values.max(), values.min(), rel_tol=1e-12):
        return np.ones(len(values))
    return np.asarray((values - values.min()) / (values.max() - values.min()))
