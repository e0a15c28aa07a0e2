"""Made-up play counts with a long tail and planted structure, drawn from a seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLANTED = 4
STEEPNESS = 3.0
NOISE = 0.4
CHUNK = 1_000_000
HELD_OUT = 0.1

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class World:
    """What is planted: log(1 + plays) of user u and song i is about 1 + b_u + b_i + p_u·q_i.

    Attributes
    ----------
    user_rows, song_rows
        (users, 5), (songs, 5) float32: four factors, and the bias last.
    listening
        (users,) float64, the share of the pairs that users up to this one have; log-normal.
    song_ids
        (songs,) int32, the songs from the most to the least popular.
    """

    user_rows: Floats
    song_rows: Floats
    listening: NDArray[np.float64]
    song_ids: Ints

    @classmethod
    def drawn(cls, users: int, songs: int, rng: np.random.Generator) -> "World":
        """Draw a world of a size."""
        weights = rng.lognormal(sigma=1.0, size=users)
        return cls(
            _rows(users, rng),
            _rows(songs, rng),
            np.cumsum(weights / weights.sum()),
            rng.permutation(songs).astype(np.int32),
        )

    def pairs(self, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Draw users and songs of pairs, which may repeat."""
        users = np.searchsorted(self.listening, rng.random(count, dtype=np.float32))
        # Song number r of the most popular is drawn about r ** -0.67 times as often as the first.
        places = (len(self.song_ids) * rng.random(count) ** STEEPNESS).astype(np.int32)
        users = np.minimum(users, len(self.user_rows) - 1).astype(np.int32)
        return users, self.song_ids[places]

    def plays(self, users: Ints, songs: Ints, rng: np.random.Generator) -> Ints:
        """Draw play counts of pairs, at least 1 each."""
        counts = np.empty(len(users), dtype=np.int32)
        for start in range(0, len(users), CHUNK):
            part = slice(start, start + CHUNK)
            mine, theirs = self.user_rows[users[part]], self.song_rows[songs[part]]
            rating = 1 + mine[:, -1] + theirs[:, -1]
            rating += np.einsum("nk,nk->n", mine[:, :-1], theirs[:, :-1])
            rating += NOISE * rng.standard_normal(len(rating), dtype=np.float32)
            counts[part] = np.maximum(np.expm1(rating).round(), 1)
        return counts


def _rows(count: int, rng: np.random.Generator) -> Floats:
    rows = rng.standard_normal((count, PLANTED + 1), dtype=np.float32)
    rows[:, :-1] *= 0.5
    rows[:, -1] *= 0.35
    return rows


def distinct_pairs(world: World, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Users and songs of distinct pairs in random order; every song is in at least one.

    Raises
    ------
    SystemExit
        When so many pairs do not fit, or not every song can have one.
    """
    songs = len(world.song_rows)
    if not songs <= count <= songs * len(world.user_rows) // 4:
        raise SystemExit(f"{count:,} pairs of {songs:,} songs: give 1 to users / 4 pairs a song.")
    keys = np.sort(world.pairs(songs, rng)[0].astype(np.int64) * songs + np.arange(songs))
    while len(keys) < count:
        users, items = world.pairs(int(1.1 * (count - len(keys))) + 1000, rng)
        drawn = _distinct(users.astype(np.int64) * songs + items)
        there = keys[np.minimum(np.searchsorted(keys, drawn), len(keys) - 1)] == drawn
        more = rng.permutation(drawn[~there])[: count - len(keys)]
        keys = np.sort(np.concatenate([keys, more]))
    rng.shuffle(keys)
    users, items = np.divmod(keys, songs)
    return users.astype(np.int32), items.astype(np.int32)


def _distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    # numpy.unique hashes 64-bit keys, which takes eight times as long as sorting them.
    keys = np.sort(keys)
    return keys[np.append(True, keys[1:] != keys[:-1])]


def split_off(users: Ints, songs: Ints, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Tell which pairs are held out: a tenth, less those whose user or song is in no other."""
    held_out = rng.random(len(users)) < HELD_OUT
    for ids in (users, songs):
        trained = np.zeros(int(ids.max()) + 1, dtype=bool)
        trained[ids[~held_out]] = True
        held_out &= trained[ids]
    return held_out


def draw_split(pairs: int, songs: int, users: int, seed: int) -> dict[str, NDArray[Any]]:
    """Draw a world's pairs, as users, items and plays for `train` and for `test`."""
    rng = np.random.default_rng(seed)
    world = World.drawn(users, songs, rng)
    columns = distinct_pairs(world, pairs, rng)
    named = {"users": columns[0], "items": columns[1], "plays": world.plays(*columns, rng)}
    held_out = split_off(*columns, rng)
    return {
        f"{part}_{name}": column[chosen]
        for part, chosen in (("train", ~held_out), ("test", held_out))
        for name, column in named.items()
    }
