"""Small worlds in two groups, through the real training: who likes what, and how it sounds.

Songs with an even id are slow and quiet, those with an odd id fast and loud; so are listeners.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.evaluation.ranking import EngineOf
from recsys_dagster.evaluation.split import Split, make_split
from recsys_dagster.identity import song_key
from recsys_dagster.listening.songs import SONGS_SCHEMA
from recsys_dagster.models.arrays import Float64Array
from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.config import SquaredConfig
from recsys_dagster.models.svd.fitting import fit_all
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.recommend.baselines import BASELINES
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.packing import Histories, Parts
from recsys_dagster.recommend.ranker import Fusion, Ranker, Rankers
from recsys_dagster.recommend.songs import add_search_columns

CONFIG = SquaredConfig(
    factors=4, epochs=15, learning_rate=0.05, regularisation=0.03, init_scale=0.1
)
RELEASE = "20260102-030405-0123abcd"
LOW = np.array([0.2, 90, 0.3, 0.3, 0.8, 0.5, 0.1, 0.05, -18, 1, 2, 300_000, 3])
HIGH = np.array([0.9, 170, 0.7, 0.8, 0.1, 0.0, 0.3, 0.2, -4, 0, 8, 150_000, 4])

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Shape:
    """`silent` songs have no features, `forgotten` ones no plays."""

    users: int = 20
    songs: int = 40
    silent: tuple[int, ...] = (4, 5, 6, 17, 38)
    forgotten: tuple[int, ...] = (7, 36, 37, 38)
    played_share: float = 0.6
    seed: int = 0


@dataclass(frozen=True)
class World:
    """A recommender's parts and the interactions that they were made of."""

    parts: Parts
    users: Ints
    items: Ints
    plays: Ints
    shape: Shape = field(default_factory=Shape)

    def played_by(self, user: int) -> set[int]:
        return set(self.items[self.users == user].tolist())


def name_of(song: int) -> str:
    return f"{artist(song)} - {title(song)}"


def artist(song: int) -> str:
    return f"{('Slow', 'Fast')[song % 2]} Artist {song // 4}"


def title(song: int) -> str:
    return f"Song Number {song}"


def make(shape: Shape | None = None, ranker: Ranker | None = None) -> World:
    shape = shape or Shape()
    rng = np.random.default_rng(shape.seed)
    users, items, plays = interactions(shape, rng)
    features = audio(shape, rng)
    model = fit_all(
        users, items, plays, n_users=shape.users, n_items=shape.songs, epochs=15, config=CONFIG
    ).model
    table = songs(shape, items, plays)
    near = neighbours(shape, users, items, plays)
    listened = histories(shape, users, items, plays)
    parts = assemble(table, features, model, listened, ranker, near)
    return World(parts, users, items, plays, shape)


def assemble(
    table: pl.DataFrame,
    features: Float64Array,
    svd: SvdModel,
    listened: Histories,
    ranker: Ranker | None = None,
    items: ItemKnn | None = None,
) -> Parts:
    heard = np.flatnonzero(np.isfinite(features).any(axis=1))
    knn = KnnIndex.build(heard, features[heard], FEATURES)
    return Parts(
        add_search_columns(table), artists_of(table), features.astype(np.float32), FEATURES, svd,
        items, knn, Rankers.alike(ranker or Fusion()), listened,
    )  # fmt: skip


def artists_of(table: pl.DataFrame) -> Ints:
    """A number for each artist; row = song_id."""
    return table.select(pl.col("artist").rank("dense").cast(pl.Int32)).to_series().to_numpy()


def neighbours(shape: Shape, users: Ints, items: Ints, plays: Ints) -> ItemKnn:
    return ItemKnn.fit(users, items, plays, n_users=shape.users, n_items=shape.songs)


def interactions(shape: Shape, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Every listener plays most songs of the own group, the lower ids more often."""
    users, items = np.divmod(np.arange(shape.users * shape.songs), shape.songs)
    own = (users % 2 == items % 2) & ~np.isin(items, shape.forgotten)
    kept = own & (rng.random(len(users)) < shape.played_share)
    kept |= own & (items < 4)
    users, items = users[kept], items[kept]
    return users, items, rng.integers(1, 30, size=len(users)) + 40 // (items + 1)


def audio(shape: Shape, rng: np.random.Generator) -> Float64Array:
    group = (np.arange(shape.songs) % 2)[:, None]
    values: Float64Array = LOW + group * (HIGH - LOW)
    values = values * rng.uniform(0.9, 1.1, size=values.shape)
    values[list(shape.silent)] = np.nan
    return values


def songs(shape: Shape, items: Ints, plays: Ints) -> pl.DataFrame:
    ids = range(shape.songs)
    table = pl.DataFrame(
        {
            "song_id": list(ids),
            "artist": [artist(one) for one in ids],
            "title": [title(one) for one in ids],
            "plays": np.bincount(items, weights=plays, minlength=shape.songs).astype(np.int64),
            "listeners": np.bincount(items, minlength=shape.songs),
            "spotify_id": [None if one % 3 else f"spotify{one}" for one in ids],
            "spotify_ids": [[] if one % 3 else [f"spotify{one}"] for one in ids],
            "batch": [0] * shape.songs,
        }
    )
    return with_keys(table)


def with_keys(table: pl.DataFrame) -> pl.DataFrame:
    keyed = table.with_columns(song_key=song_key(pl.col("artist"), pl.col("title")))
    return keyed.select(list(SONGS_SCHEMA)).cast(SONGS_SCHEMA)


def histories(shape: Shape, users: Ints, items: Ints, plays: Ints) -> Histories:
    names = tuple(f"listener {number:03d}" for number in range(shape.users))
    starts = np.searchsorted(users, np.arange(shape.users + 1)).astype(np.int64)
    return Histories(names, starts, items.astype(np.int32), plays.astype(np.int64))


def brought_by(method: str) -> str:
    """The source that the songs of a method come from; of the hybrid itself."""
    return {one.name: one.source for one in BASELINES}.get(method, method)


def reach(world: World, method: str, seeds: Iterable[int]) -> set[int]:
    """Every song that a method can bring for some seeds, however many are asked for."""
    known, songs = set(seeds), np.unique(world.items)
    source = brought_by(method)
    if source == "knn":
        songs = np.setdiff1d(songs, world.shape.silent)
    elif source == "artist":
        songs = songs[np.isin([artist(one) for one in songs], [artist(one) for one in known])]
    elif source == "items":
        theirs = np.isin(world.users, world.users[np.isin(world.items, list(known))])
        songs = np.unique(world.items[theirs])
    return set(songs.tolist()) - known


def engine(parts: Parts, ranker: Ranker | None = None) -> Engine:
    """An engine over a recommender's parts."""
    return Engine(parts.models, Rankers.alike(ranker) if ranker else parts.ranker)


def split_of(world: World, *, timed: bool = True, seed: int = 0) -> Split:
    """Listeners dealt into folds; with times, some pairs are played early, some late, some both."""
    rng = np.random.default_rng(seed)
    late = rng.binomial(world.plays, 0.3) * (rng.random(len(world.plays)) < 0.7)
    late = np.where(rng.random(len(late)) < 0.15, world.plays, late)
    early = world.plays - late if timed else world.plays
    names = world.parts.histories.users
    return make_split(world.users, world.items, world.plays, early, names)


def engine_of(world: World, split: Split, ranker: Ranker | None = None) -> EngineOf:
    """Engines that have seen neither a fold's listeners nor what was played late."""
    engines = [_fold_engine(world, split, fold, ranker) for fold in range(max(split.folds, 1))]
    return lambda case: engines[case.fold]


def _fold_engine(world: World, split: Split, fold: int, ranker: Ranker | None) -> Engine:
    kept, shape = split.learned(fold), world.shape
    arrays = (split.users[kept], split.songs[kept], split.early[kept])
    size: dict[str, Any] = {"n_users": shape.users, "n_items": shape.songs}
    svd = fit_all(*arrays, epochs=15, config=CONFIG, **size).model
    models = Models(
        svd, world.parts.knn,
        np.bincount(arrays[1], weights=arrays[2], minlength=shape.songs).astype(np.int64),
        np.bincount(arrays[1], minlength=shape.songs),
        world.parts.artists, ItemKnn.fit(*arrays, **size), available(world),
    )  # fmt: skip
    return Engine(models, Rankers.alike(ranker or Fusion()))


def available(world: World) -> NDArray[np.bool_]:
    """The songs that anybody plays."""
    return np.isin(np.arange(world.shape.songs), world.items)
