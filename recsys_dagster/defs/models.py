"""The models: factorisation, nearest neighbours and ranker."""

from dataclasses import asdict
from typing import Any

import dagster as dg
import numpy as np

from recsys_dagster import progress
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.defs.audio import audio_features
from recsys_dagster.defs.experiment import TEST, TRAIN, VALID, held_out_engine, open_held_out
from recsys_dagster.defs.listening import unique_songs, user_song_interactions
from recsys_dagster.defs.stages import STAGES, Facts, Made, Metadata, Workshop, run_stage
from recsys_dagster.evaluation.report import MEASURES, plot_training
from recsys_dagster.evaluation.tuning import choose_ranker
from recsys_dagster.listening.interactions import interaction_arrays
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.splits import random_split
from recsys_dagster.models.svd.fitting import (
    config_for,
    fit_all,
    fit_held_out,
)
from recsys_dagster.models.svd.training import Training
from recsys_dagster.storage.atomic import atomic_directory
from recsys_dagster.storage.tables import scan_table

GROUP = "models"
SPLIT_SEED = 0


@dg.asset(
    group_name=GROUP,
    kinds={"numba", "numpy"},
    code_version=STAGES["svd_model"].code_version,
    deps=[user_song_interactions, unique_songs],
)
def svd_model(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Matrix factorisation by SGD: r̂ = μ + b_u + b_i + p_u·q_i.

    It learns to rank what a listener played before songs drawn by chance (RECSYS_SVD_OBJECTIVE
    `ranking`), or to predict log(1 + plays) (`squared`). Trained on 75 % of the pairs, the best
    epoch kept by 12.5 %, and 12.5 % left for the evaluation. What is released is trained on all
    pairs for that many epochs.
    """
    return run_stage(context, _make_svd, _describe_svd)


def _make_svd(shop: Workshop) -> Made:
    pairs = interaction_arrays(scan_table(shop.layout.interactions), scan_table(shop.layout.songs))
    n_songs = scan_table(shop.layout.songs).select("song_id").collect().height
    parts = random_split(len(pairs.user), rng=SPLIT_SEED)
    config = config_for(shop.settings.svd_objective, pairs.plays[parts[0]])
    arrays = (pairs.user, pairs.song, pairs.plays)
    size: dict[str, Any] = {"n_users": len(pairs.users), "n_items": n_songs}
    shared: dict[str, Any] = {**size, "config": config, "progress": progress.current()}
    held_out = fit_held_out(*arrays, parts=parts[:2], **shared)
    final = fit_all(*arrays, epochs=held_out.best_epoch, **shared)
    split = np.zeros(len(pairs.user), dtype=np.int8)
    for part, positions in zip((TRAIN, VALID, TEST), parts, strict=True):
        split[positions] = part
    with atomic_directory(shop.layout.svd) as directory:
        for name, training in (("held_out", held_out), ("final", final)):
            (directory / name).mkdir()
            training.model.save(directory / name)
        np.save(directory / "split.npy", split)
    settings = asdict(config)
    facts = {**_curve_facts(held_out), **size, "config": settings}
    return [shop.layout.svd], {**facts, "objective": held_out.model.folding.objective}


def _curve_facts(training: Training) -> Facts:
    curve = [
        {name: None if value != value else value for name, value in asdict(figures).items()}
        for figures in training.curve
    ]
    return {"best_epoch": training.best_epoch, "measure": training.measure, "curve": curve}


def _describe_svd(facts: Facts, shop: Workshop) -> Metadata:
    best = next(row for row in facts["curve"] if row["epoch"] == facts["best_epoch"])
    return {
        "objective": facts["objective"],
        "best epoch": facts["best_epoch"],
        "train loss": best["train_loss"],
        f"validation {MEASURES[facts['measure']]}": (
            best["valid"] if best["valid"] is not None else "not measurable"
        ),
        "training curve": dg.MetadataValue.md(plot_training(facts)),
        "listeners": facts["n_users"],
        "songs": facts["n_items"],
        "settings": dg.MetadataValue.json(facts["config"]),
        "figures by epoch": dg.MetadataValue.json(facts["curve"]),
        "path": dg.MetadataValue.path(str(shop.layout.svd)),
    }


@dg.asset(
    group_name=GROUP,
    kinds={"scikitlearn", "numpy"},
    code_version=STAGES["knn_index"].code_version,
    deps=[audio_features],
)
def knn_index(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Exact nearest neighbours by cosine over the standardised audio features.

    The key is a circle, tempo and duration are on a logarithmic scale; songs with fewer than
    8 of the 13 features are left out.
    """
    return run_stage(context, _make_knn, _describe_knn)


def _make_knn(shop: Workshop) -> Made:
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


def _describe_knn(facts: Facts, shop: Workshop) -> Metadata:
    return {
        "songs": facts["songs"],
        "songs with too few features": facts["left_out"],
        "dimensions": facts["dimensions"],
        "path": dg.MetadataValue.path(str(shop.layout.knn)),
    }


@dg.asset(
    group_name=GROUP,
    kinds={"numpy"},
    code_version=STAGES["ranker"].code_version,
    deps=[user_song_interactions, unique_songs, svd_model, knn_index],
)
def ranker(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Joins the candidates of svd and knn by reciprocal rank.

    The weight of audio is the one with the best NDCG@10 on the validation part.
    """
    return run_stage(context, _make_ranker, _describe_ranker)


def _make_ranker(shop: Workshop) -> Made:
    held_out = open_held_out(shop)
    chosen, trials = choose_ranker(lambda one: held_out_engine(shop, one, held_out), held_out)
    with atomic_directory(shop.layout.ranker) as directory:
        chosen.save(directory)
    return [shop.layout.ranker], {"ranker": asdict(chosen), "trials": trials}


def _describe_ranker(facts: Facts, shop: Workshop) -> Metadata:
    return {
        "weights": dg.MetadataValue.json(facts["ranker"]["weights"]),
        "trials on validation": dg.MetadataValue.json(facts["trials"]),
        "path": dg.MetadataValue.path(str(shop.layout.ranker)),
    }
