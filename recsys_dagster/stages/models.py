"""The models: what their stages do."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recsys_dagster import progress
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.evaluation.cases import SEEDS, known_cases, stranger_cases
from recsys_dagster.evaluation.learning import DEFAULT, gather, learn_ranker
from recsys_dagster.evaluation.split import Bools, Ints
from recsys_dagster.evaluation.variants import BASE, COLD, FINAL, fold_names, learned_pairs
from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.splits import random_split
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.fitting import (
    config_for,
    fit_again,
    fit_all,
    fit_held_out,
    is_cut_short,
)
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.training import Training
from recsys_dagster.recommend.ranker import Rankers
from recsys_dagster.relearning import LEARNED_FROM, held_out_stamp
from recsys_dagster.stages.base import Facts, Made
from recsys_dagster.stages.laboratory import Laboratory
from recsys_dagster.stages.refreshing import all_but_final, link_tree, stamp_held_out
from recsys_dagster.storage.atomic import atomic_directory
from recsys_dagster.storage.tables import scan_table
from recsys_dagster.workshop import Workshop

SPLIT_SEED = 0


def make_svd(shop: Workshop) -> Made:
    """The factorisation of each fold, and the one that is released."""
    learned = shop.stamps.read(held_out_stamp("svd_model"))
    if learned and shop.learning_stands():
        return _refresh_svd(shop, learned.facts)
    lab = Laboratory(shop)
    held_out, folds = learned_pairs(lab.split, lab.keys), fold_names(lab.split)
    size = _size(lab)
    config = config_for(shop.settings.svd_objective, lab.split.early[held_out[folds[0]]])
    shared: dict[str, Any] = {**size, "config": config, "progress": progress.current()}
    training = _find_epochs(lab, 0, shared)
    with atomic_directory(shop.layout.svd) as directory:
        _save(training.model, directory / folds[0])
        for fold, name in enumerate(folds[1:], start=1):
            _save(_find_epochs(lab, fold, shared).model, directory / name)
        if COLD in held_out:  # its listeners are those of the first fold
            arrays = _arrays(lab, held_out[COLD])
            _save(fit_all(*arrays, epochs=training.best_epoch, **shared).model, directory / COLD)
        _save(_learn_everything(lab, training, shared).model, directory / FINAL)
        link_tree(directory / FINAL, directory / BASE)
    facts = {**_curve_facts(training), **size, "config": asdict(config), "variants": [*held_out]}
    facts["objective"] = training.model.folding.objective
    stamp_held_out(shop, "svd_model", shop.layout.svd, facts)
    return [shop.layout.svd], facts


def _learn_everything(lab: Laboratory, training: Training, shared: dict[str, Any]) -> Training:
    """Learn from all pairs; where these are too many for all epochs, from where the fold's ended.

    To begin with nothing once more would take the longest of all.
    """
    everything, epochs = _everything(lab), training.best_epoch
    if not is_cut_short(shared["config"]):
        return fit_all(*everything, epochs=epochs, **shared)
    known = np.arange(shared["n_users"])
    return fit_again(*everything, epochs=epochs, start=training.model, known=known, **shared)


def _refresh_svd(shop: Workshop, facts: Facts) -> Made:
    """Learn what is new, from the model of when everything was learned.

    Not from the one before: it would depend on how many refreshes there were, and a kill between
    replacing it and saying so would count one twice.
    """
    lab = Laboratory(shop)
    size = _size(lab)
    config = RankingConfig if facts["objective"] == "ranking" else SquaredConfig
    final = fit_again(
        *_everything(lab), epochs=facts["best_epoch"], config=config(**facts["config"]), **size,
        start=SvdModel.load(shop.layout.svd / BASE), known=_known(shop, lab),
        progress=progress.current(),
    )  # fmt: skip
    with all_but_final(shop.layout.svd) as directory:
        _save(final.model, directory / FINAL)
    return [shop.layout.svd], {**facts, **size}


def _known(shop: Workshop, lab: Laboratory) -> Ints:
    """The number that each listener of the base model has now, -1 for one who left."""
    before = scan_table(shop.layout.learned_from).select(pl.col("user").unique().sort())
    names = before.collect(engine="streaming")["user"]
    now = {name: number for number, name in enumerate(lab.pairs.users)}
    return np.array([now.get(name, -1) for name in names], dtype=np.int64)


def _size(lab: Laboratory) -> dict[str, Any]:
    return {"n_users": len(lab.pairs.users), "n_items": lab.songs.height}


def _everything(lab: Laboratory) -> tuple[Ints, Ints, Ints]:
    """Listeners, songs and plays of all pairs."""
    return lab.pairs.user, lab.pairs.song, lab.pairs.plays


def _find_epochs(lab: Laboratory, fold: int, shared: dict[str, Any]) -> Training:
    """Train without a fold; the best epoch is that on what the other listeners played later.

    So nothing that the fold's own listeners play says when to stop. Without times, a tenth of the
    pairs is kept back for that.
    """
    split = lab.split
    learn, check = np.flatnonzero(split.learned(fold)), np.flatnonzero(split.checked(fold))
    if not len(check):
        kept, back, _ = random_split(len(learn), rng=SPLIT_SEED, shares=(0.9, 0.1, 0.0))
        learn, check = learn[kept], learn[back]
    plays = np.where(split.early > 0, split.early, split.late)
    return fit_held_out(split.users, split.songs, plays, parts=(learn, check), **shared)


def _arrays(lab: Laboratory, learned: Bools) -> tuple[Ints, Ints, Ints]:
    """Listeners, songs and early plays of some pairs."""
    return lab.split.users[learned], lab.split.songs[learned], lab.split.early[learned]


def _save(model: SvdModel | ItemKnn | Rankers, directory: Path) -> None:
    directory.mkdir()
    model.save(directory)


def _curve_facts(training: Training) -> Facts:
    curve = [
        {name: None if value != value else value for name, value in asdict(figures).items()}
        for figures in training.curve
    ]
    return {"best_epoch": training.best_epoch, "measure": training.measure, "curve": curve}


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
    size, stands = _size(lab), shop.learning_stands()
    learned = {} if stands else learned_pairs(lab.split, lab.keys)
    parts = {name: _arrays(lab, pairs) for name, pairs in learned.items()}
    parts[FINAL] = _everything(lab)
    replacing = all_but_final if stands else atomic_directory
    with (
        replacing(shop.layout.items) as directory,
        progress.current().task("Finding neighbours", len(parts)) as task,
    ):
        for name, arrays in parts.items():
            model = ItemKnn.fit(*arrays, **size)
            _save(model, directory / name)
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
        _save(Rankers(songs.final, history.final), directory / FINAL)
        for group in {*songs.by_group, *history.by_group}:
            one, other = (lesson.by_group.get(group, DEFAULT) for lesson in (songs, history))
            _save(Rankers(one, other), directory / group_name(group))
    facts = {"songs": songs.describe(), "history": history.describe(), LEARNED_FROM: shop.data()}
    return [shop.layout.ranker], facts


def group_name(group: int) -> str:
    """Where the ranker lies that was not learned from a group of listeners."""
    return f"group-{group}"
