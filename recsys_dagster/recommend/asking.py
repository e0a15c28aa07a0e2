"""What can be asked of the recommender, and how it is refused in words where it cannot."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.methods import METHODS
from recsys_dagster.recommend.sources import Ids, Query

MAX_SEEDS = 5
MAX_RESULTS = 500


class PlayedToo(Query):
    """A query whose seeds may come back: a listener's favourites among new songs."""

    __slots__ = ()

    @property
    def unwanted(self) -> Ids:
        """What is excluded, and nothing else."""
        return np.unique(self.exclude)


def whole(songs: Ids, plays: NDArray[Any], left_out: Ids, *, only_unplayed: bool) -> Query:
    """A query for a whole history."""
    kind = Query if only_unplayed else PlayedToo
    return kind(songs, np.log1p(plays).astype(np.float32), left_out)


def check(
    seeds: Sequence[str | int],
    user: str | None,
    history: Mapping[int, float] | None,
    method: str,
    n: int,
) -> None:
    """Raise `RecsysError` for what cannot be asked."""
    if method not in METHODS:
        raise RecsysError(
            f"There is no method {str(method)[:40]!r}; there are {', '.join(METHODS)}."
        )
    check_number(n)
    if isinstance(seeds, str) or not isinstance(seeds, Sequence | np.ndarray):
        raise RecsysError(f"Give the songs as a list: [{str(seeds)[:40]!r}].")
    if (user is not None) + (history is not None) + bool(len(seeds)) > 1:
        raise RecsysError("Give songs, a listener or a history: one of them.")
    if len(seeds) > MAX_SEEDS:
        raise RecsysError(f"Give at most {MAX_SEEDS} songs; got {len(seeds)}.")


def check_number(n: int) -> None:
    """Raise `RecsysError` unless so many songs can be asked for."""
    is_whole = isinstance(n, int | np.integer) and not isinstance(n, bool)
    if not is_whole or not 1 <= n <= MAX_RESULTS:
        raise RecsysError(f"The number of songs must be 1 to {MAX_RESULTS}; got {str(n)[:40]}.")
