"""The models: what their stages do."""

from dataclasses import asdict

import numpy as np

from recsys_dagster import progress
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.evaluation.cases import SEEDS, known_cases, stranger_cases
from recsys_dagster.evaluation.learning import DEFAULT, gather, learn_ranker
from recsys_dagster.evaluation.variants import FINAL, asked_songs, learned_pairs
from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.recommend.ranker import Rankers
from recsys_dagster.relearning import LEARNED_FROM
from recsys_dagster.stages.base import Made
from recsys_dagster.stages.laboratory import Laboratory
from recsys_dagster.stages.refreshing import all_but_final, save_in, stamp_held_out
from recsys_dagster.storage.atomic import atomic_directory
from recsys_dagster.storage.tables import scan_table
from recsys_dagster.workshop import Workshop


def make_knn(shop: Workshop) -> Made:
    """The index over the audio features."""
    table = scan_table(shop.layout.features).filter(status="found").collect(engine="streaming")
    index = KnnIndex.build(
        table["song_id"].to_numpy().astype(np.int64),
        table.select(FEATURES).to_numpy().astype(np.float64).reshape(-1, len(FEATURES)),
        FEATURES,
    )
    with atomic_directory(shop.layout.knn) as directory:
        index.save(directory)
    return [shop.layout.knn], {
        "songs": len(index),
        "left_out": table.height - len(index),
        "dimensions": index.vectors.shape[0],
    }


def make_items(shop: Workshop) -> Made:
    """The neighbours of songs, of each fold and of everything."""
    lab = Laboratory(shop)
    size, stands = lab.size, shop.learning_stands()
    learned = {} if stands else learned_pairs(lab.split, lab.hidden)
    parts = {name: lab.arrays(pairs) for name, pairs in learned.items()}
    parts[FINAL] = lab.everything
    asked = asked_songs(lab.split, lab.hidden) if learned else {}
    replacing = all_but_final if stands else atomic_directory
    with (
        replacing(shop.layout.items) as directory,
        progress.current().task("Finding neighbours", len(parts)) as task,
    ):
        for name, arrays in parts.items():
            model = ItemKnn.fit(*arrays, **size, seeds=asked.get(name))
            save_in(model, directory / name)
            task.advance()
    if not stands:
        stamp_held_out(shop, "item_neighbours", shop.layout.items, {})
    there = model.ids >= 0  # of the last one, which is released
    return [shop.layout.items], {
        "songs": size["n_items"],
        "with_neighbours": int(there.any(axis=1).sum()),
        "mean_neighbours": round(float(there.sum(axis=1).mean()), 1) if len(there) else 0,
        "config": asdict(model.config),
    }


def make_ranker(shop: Workshop) -> Made:
    """What joins the sources, for songs and for whole histories."""
    lab, told = Laboratory(shop), progress.current()
    engine_of = lab.engine_of(lambda _: Rankers.alike(DEFAULT))
    strangers = [case for seeds in SEEDS for case in stranger_cases(lab.split, seeds)]
    songs = learn_ranker(gather(strangers, engine_of, told), told)
    history = learn_ranker(gather(known_cases(lab.split), engine_of, told), told)
    with atomic_directory(shop.layout.ranker) as directory:
        save_in(Rankers(songs.final, history.final), directory / FINAL)
        for group in {*songs.by_group, *history.by_group}:
            one, other = (lesson.by_group.get(group, DEFAULT) for lesson in (songs, history))
            save_in(Rankers(one, other), directory / group_name(group))
    facts = {"songs": songs.describe(), "history": history.describe(), LEARNED_FROM: shop.data()}
    return [shop.layout.ranker], facts


def group_name(group: int) -> str:
    """Where the ranker lies that was not learned from a group of listeners."""
    return f"group-{group}"
