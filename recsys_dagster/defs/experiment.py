"""The held-out experiment that ranker and evaluation share: models that saw the train part."""

import numpy as np
import polars as pl

from recsys_dagster.defs.stages import Workshop
from recsys_dagster.errors import RecsysError
from recsys_dagster.evaluation.beyond import Catalogue
from recsys_dagster.evaluation.protocol import HeldOut
from recsys_dagster.identity import SEPARATOR
from recsys_dagster.listening.interactions import interaction_arrays
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.popularity import play_counts
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.ranker import Ranker
from recsys_dagster.storage.tables import scan_table

TRAIN, VALID, TEST = range(3)


def open_held_out(shop: Workshop) -> HeldOut:
    """The interactions, and the split that the factorisation was trained on."""
    pairs = interaction_arrays(scan_table(shop.layout.interactions), scan_table(shop.layout.songs))
    split = np.load(shop.layout.svd / "split.npy", allow_pickle=False)
    if len(split) != len(pairs.user):
        raise RecsysError(
            f"The split of the factorisation is over {len(split)} pairs, and there are "
            f"{len(pairs.user)}. Materialise svd_model first, or run `recsys run`."
        )
    parts = (np.flatnonzero(split == part) for part in (TRAIN, VALID, TEST))
    return HeldOut(pairs.user, pairs.song, pairs.plays, *parts)


def held_out_engine(shop: Workshop, ranker: Ranker, held_out: HeldOut) -> Engine:
    """An engine that knows the plays of the train part alone, and all songs."""
    svd = SvdModel.load(shop.layout.svd / "held_out")
    known = play_counts(
        held_out.songs[held_out.train], held_out.plays[held_out.train], len(svd.item_bias)
    )
    played = scan_table(shop.layout.songs).select(pl.col("plays") > 0).collect().to_series()
    return Engine(
        svd, KnnIndex.load(shop.layout.knn), ranker, known.astype(np.int64), played.to_numpy()
    )


def open_catalogue(shop: Workshop) -> Catalogue:
    """Artists, told apart by the songs' identity keys, and the audio vectors."""
    artists = (
        scan_table(shop.layout.songs)
        .sort("song_id")
        .select(pl.col("song_key").str.split(SEPARATOR).list.first().rank("dense").cast(pl.Int64))
        .collect()
        .to_series()
    )
    return Catalogue(artists.to_numpy(), KnnIndex.load(shop.layout.knn))
