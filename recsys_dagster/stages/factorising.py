"""The factorisation: what its stage does."""

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from recsys_dagster import progress
from recsys_dagster.engines.base import ComputeEngine, FitVariants
from recsys_dagster.evaluation.split import Ints
from recsys_dagster.evaluation.variants import BASE, COLD, FINAL, fold_names, learned_pairs
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
from recsys_dagster.relearning import held_out_stamp
from recsys_dagster.stages.base import Facts, Made
from recsys_dagster.stages.laboratory import Laboratory
from recsys_dagster.stages.refreshing import all_but_final, link_tree, save_in, stamp_held_out
from recsys_dagster.storage.atomic import atomic_directory
from recsys_dagster.storage.tables import scan_table
from recsys_dagster.workshop import Workshop

SPLIT_SEED = 0


def make_svd(shop: Workshop, engine: ComputeEngine) -> Made:
    """The factorisation of each fold, and the one that is released."""
    learned = shop.stamps.read(held_out_stamp("svd_model"))
    stood = learned.facts if learned and shop.learning_stands() else None
    if engine.fit_variants is not None:
        return _fit_by_engine(shop, engine.fit_variants, stood)
    return _fit_all_variants(shop) if stood is None else _refresh_svd(shop, stood)


def _fit_by_engine(shop: Workshop, fit: FitVariants, stood: Facts | None) -> Made:
    """The same by the library of an engine, which has no earlier model to start from."""
    target, only = shop.layout.svd, None if stood is None else (FINAL,)
    shop.layout.temporary.mkdir(parents=True, exist_ok=True)
    with (atomic_directory if stood is None else all_but_final)(target) as directory:
        facts = fit(
            shop.layout.interactions, shop.layout.songs, directory, shop.settings.svd_objective,
            only=only, scratch=shop.layout.temporary, progress=progress.current(),
        )  # fmt: skip
    if stood is None:
        stamp_held_out(shop, "svd_model", target, facts)
        return [target], facts
    return [target], {**stood, **{name: facts[name] for name in ("n_users", "n_items")}}


def _fit_all_variants(shop: Workshop) -> Made:
    """By our own descent: once for each fold of listeners, and once on everything."""
    lab = Laboratory(shop)
    held_out, folds = learned_pairs(lab.split, lab.hidden), fold_names(lab.split)
    size = lab.size
    config = config_for(shop.settings.svd_objective, lab.split.early[held_out[folds[0]]])
    shared: dict[str, Any] = {**size, "config": config, "progress": progress.current()}
    training = _find_epochs(lab, 0, shared)
    with atomic_directory(shop.layout.svd) as directory:
        save_in(training.model, directory / folds[0])
        for fold, name in enumerate(folds[1:], start=1):
            save_in(_find_epochs(lab, fold, shared).model, directory / name)
        if COLD in held_out:  # its listeners are those of the first fold
            arrays = lab.arrays(held_out[COLD])
            save_in(fit_all(*arrays, epochs=training.best_epoch, **shared).model, directory / COLD)
        save_in(_learn_everything(lab, training, shared).model, directory / FINAL)
        link_tree(directory / FINAL, directory / BASE)
    facts = {**_curve_facts(training), **size, "config": asdict(config), "variants": [*held_out]}
    facts["objective"] = training.model.folding.objective
    stamp_held_out(shop, "svd_model", shop.layout.svd, facts)
    return [shop.layout.svd], facts


def _learn_everything(lab: Laboratory, training: Training, shared: dict[str, Any]) -> Training:
    """Learn from all pairs; where these are too many for all epochs, from where the fold's ended.

    To begin with nothing once more would take the longest of all.
    """
    everything, epochs = lab.everything, training.best_epoch
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
    size = lab.size
    config = RankingConfig if facts["objective"] == "ranking" else SquaredConfig
    final = fit_again(
        *lab.everything, epochs=facts["best_epoch"], config=config(**facts["config"]), **size,
        start=SvdModel.load(shop.layout.svd / BASE), known=_known(shop, lab),
        progress=progress.current(),
    )  # fmt: skip
    with all_but_final(shop.layout.svd) as directory:
        save_in(final.model, directory / FINAL)
    return [shop.layout.svd], {**facts, **size}


def _known(shop: Workshop, lab: Laboratory) -> Ints:
    """The number that each listener of the base model has now, -1 for one who left."""
    before = scan_table(shop.layout.learned_from).select(pl.col("user").unique().sort())
    names = before.collect(engine="streaming")["user"]
    now = {name: number for number, name in enumerate(lab.pairs.users)}
    return np.array([now.get(name, -1) for name in names], dtype=np.int64)


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


def _curve_facts(training: Training) -> Facts:
    curve = [
        {name: None if value != value else value for name, value in asdict(figures).items()}
        for figures in training.curve
    ]
    return {"best_epoch": training.best_epoch, "measure": training.measure, "curve": curve}
