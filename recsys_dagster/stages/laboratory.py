"""The held-out experiment that models, ranker and evaluation share."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_dagster.evaluation.beyond import Catalogue
from recsys_dagster.evaluation.cases import Case
from recsys_dagster.evaluation.learning import DEFAULT
from recsys_dagster.evaluation.ranking import EngineOf
from recsys_dagster.evaluation.split import Bools, Ints, Split, hide, make_split
from recsys_dagster.evaluation.trial import Audience
from recsys_dagster.evaluation.variants import COLD, FINAL, fold_names, learned_pairs
from recsys_dagster.identity import artist_part
from recsys_dagster.listening.interactions import InteractionArrays, interaction_arrays
from recsys_dagster.models.cold import Warmed, warm_up
from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.popularity import play_counts
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.found import BatchEngine
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.ranker import Rankers
from recsys_dagster.storage.hashing import FileState, state_of
from recsys_dagster.storage.tables import scan_table
from recsys_dagster.workshop import Workshop


def open_pairs(shop: Workshop) -> InteractionArrays:
    """The interactions as arrays, read-only; of one state of the tables they are kept.

    Raises
    ------
    RecsysError
        One of the tables is not there.
    """
    tables = shop.layout.interactions, shop.layout.songs
    for table in tables:
        scan_table(table)  # says what is to be done where it is not there
    return _pairs_of(*map(state_of, tables))


@lru_cache(maxsize=1)
def _pairs_of(*tables: FileState) -> InteractionArrays:
    found = interaction_arrays(*(scan_table(Path(path)) for path, *_ in tables))
    for array in (found.user, found.song, found.plays, found.early):
        array.flags.writeable = False
    return found


def split_of(pairs: InteractionArrays) -> Split:
    """Who is held out, and what was played before the cut."""
    return make_split(pairs.user, pairs.song, pairs.plays, pairs.early, pairs.users)


@dataclass
class Laboratory:
    """The data folder, as the experiment sees it."""

    shop: Workshop
    warmed: dict[str, Warmed] = field(default_factory=dict)
    _engines: dict[str, Engine] = field(default_factory=dict)

    @cached_property
    def pairs(self) -> InteractionArrays:
        """All interactions."""
        return open_pairs(self.shop)

    @property
    def size(self) -> dict[str, Any]:
        """Of the matrix, as models call it."""
        return {"n_users": len(self.pairs.users), "n_items": self.songs.height}

    @property
    def everything(self) -> tuple[Ints, Ints, Ints]:
        """Listeners, songs and plays of all pairs."""
        return self.pairs.user, self.pairs.song, self.pairs.plays

    def arrays(self, learned: Bools) -> tuple[Ints, Ints, Ints]:
        """Listeners, songs and early plays of some pairs."""
        return self.split.users[learned], self.split.songs[learned], self.split.early[learned]

    @cached_property
    def split(self) -> Split:
        """Who is held out."""
        return split_of(self.pairs)

    @cached_property
    def songs(self) -> pl.DataFrame:
        """Key, number of the artist, and plays of each song, by id."""
        artist = artist_part(pl.col("song_key")).rank("dense")
        table = scan_table(self.shop.layout.songs).sort("song_id")
        return table.select("song_key", "plays", artist.cast(pl.Int32).alias("artist")).collect()

    @cached_property
    def knn(self) -> KnnIndex:
        """The index over the audio features."""
        return KnnIndex.load(self.shop.layout.knn)

    @cached_property
    def keys(self) -> list[str]:
        """The key of each song, by id."""
        return self.songs["song_key"].to_list()

    @cached_property
    def hidden(self) -> Bools:
        """The songs that the cold models have never seen, (n_songs,)."""
        return hide(self.keys)

    @cached_property
    def cold(self) -> Bools:
        """Those of them that can be found: somebody plays them, and their sound is known."""
        heard = np.zeros(self.songs.height, dtype=bool)
        heard[self.knn.song_ids] = True
        return heard & self.hidden & self.available

    @property
    def available(self) -> Bools:
        """The whole catalogue: every song that anybody plays."""
        return (self.songs["plays"] > 0).to_numpy()

    @property
    def artists(self) -> Ints:
        """The artist of each song, as a number."""
        return self.songs["artist"].to_numpy()

    @property
    def catalogue(self) -> Catalogue:
        """What the figures beyond accuracy need."""
        return Catalogue(self.artists, self.knn)

    @property
    def audience(self) -> Audience:
        """Who played what before the cut."""
        return Audience.of(self.split, self.songs.height)

    def models(self, name: str, learned: Bools, plays: Ints) -> Models:
        """The models of a variant, which has learned from some pairs with these plays.

        Rarely played songs have factors that lean on artist and audio. Songs of which neither
        listeners nor artist nor audio are known cannot be recommended.
        """
        songs = self.pairs.song[learned]
        counts, n_songs = plays[learned], self.songs.height
        listeners = np.bincount(songs, minlength=n_songs)
        svd = SvdModel.load(self.shop.layout.svd / name)
        warmed = warm_up(svd, listeners, self.artists, self.knn.vector(np.arange(n_songs)))
        self.warmed[name] = warmed
        return Models(
            warmed.model,
            self.knn,
            play_counts(songs, counts, n_songs).astype(np.int64),
            listeners,
            self.artists,
            ItemKnn.load(self.shop.layout.items / name),
            self.available & ~warmed.unknown,
        )

    def cold_figures(self) -> dict[str, Any]:
        """Of the first fold: how many songs have predicted factors alone, and how many none."""
        name = fold_names(self.split)[0]
        self._kept(name, self.split.learned(0))
        found = self.warmed[name]
        explained = None if np.isnan(found.explained) else round(found.explained, 4)
        left_out = int((found.unknown & self.available).sum())
        return {"predicted": found.cold, "not_recommended": left_out, "explained": explained}

    def final_models(self) -> Models:
        """The models that have learned from everything."""
        return self.models(FINAL, np.ones(len(self.pairs.song), dtype=bool), self.pairs.plays)

    def engine(self, fold: int, rankers: Rankers) -> Engine:
        """An engine that has seen neither the fold's listeners nor anything after the cut."""
        name = fold_names(self.split)[fold]
        return self._kept(name, self.split.learned(fold)).with_rankers(rankers)

    def cold_engine(self, rankers: Rankers, available: NDArray[np.bool_] | None = None) -> Engine:
        """An engine that has not seen the cold songs either; `available` if not the catalogue."""
        engine = self._kept(COLD, learned_pairs(self.split, self.hidden)[COLD])
        if available is None:
            return engine.with_rankers(rankers)
        return BatchEngine(replace(engine.models, available=available), rankers)

    def engine_of(self, rankers_of: Callable[[int], Rankers]) -> EngineOf:
        """Gives each case the engine of its fold, with the ranker of its group."""
        kept: dict[tuple[int, int], Engine] = {}

        def of(case: Case) -> Engine:
            key = case.fold, case.group
            if key not in kept:
                kept[key] = self.engine(case.fold, rankers_of(case.group))
            return kept[key]

        return of

    def _kept(self, name: str, learned: Bools) -> Engine:
        if name not in self._engines:
            models = self.models(name, learned, self.split.early)
            self._engines[name] = BatchEngine(models, Rankers.alike(DEFAULT))
        return self._engines[name]
