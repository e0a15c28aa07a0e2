"""The models: factorisation, nearest neighbours and ranker."""

from typing import Any

import dagster as dg

from recsys_dagster.defs.audio import audio_features
from recsys_dagster.defs.listening import unique_songs, user_song_interactions
from recsys_dagster.defs.stages import Metadata, run_on_engine, run_stage
from recsys_dagster.evaluation.report import MEASURES, plot_training
from recsys_dagster.stages.base import Facts
from recsys_dagster.stages.models import make_items, make_knn, make_ranker
from recsys_dagster.workshop import STAGES, Workshop

GROUP = "models"


@dg.asset(
    group_name=GROUP,
    kinds={"numba", "numpy"},
    code_version=STAGES["svd_model"].code_version,
    deps=[user_song_interactions, unique_songs],
)
def svd_model(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Matrix factorisation by SGD: r̂ = μ + b_u + b_i + p_u·q_i.

    It learns to rank what a listener played before songs drawn by chance (RECSYS_SVD_OBJECTIVE
    `ranking`), or to predict log(1 + plays) (`squared`). Once for each fold of listeners, on what
    the others played before the cut in time, with the epoch that finds best what they played
    later; and once on everything, for as many epochs as the first fold: that is what is released.
    While little is new, that one alone learns on, for a quarter of the epochs. On a cluster
    (RECSYS_ENGINE=spark) MLlib fits the same models by alternating least squares.
    """
    return run_on_engine(context, _describe_svd)


def _describe_svd(facts: Facts, shop: Workshop) -> Metadata:
    best = next(row for row in facts["curve"] if row["epoch"] == facts["best_epoch"])
    return {
        "objective": facts["objective"],
        "best epoch": facts["best_epoch"],
        "train loss": _measured(best["train_loss"]),
        f"validation {MEASURES[facts['measure']]}": _measured(best["valid"]),
        "training curve": dg.MetadataValue.md(plot_training(facts)),
        "listeners": facts["n_users"],
        "songs": facts["n_items"],
        "settings": dg.MetadataValue.json(facts["config"]),
        "figures by epoch": dg.MetadataValue.json(facts["curve"]),
        "path": dg.MetadataValue.path(str(shop.layout.svd)),
    }


def _measured(figure: float | None) -> float | str:
    return "not measured" if figure is None else figure


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
    return run_stage(context, make_knn, _describe_knn)


def _describe_knn(facts: Facts, shop: Workshop) -> Metadata:
    return {
        "songs": facts["songs"],
        "songs with too few features": facts["left_out"],
        "dimensions": facts["dimensions"],
        "path": dg.MetadataValue.path(str(shop.layout.knn)),
    }


@dg.asset(
    group_name=GROUP,
    kinds={"numba", "numpy"},
    code_version=STAGES["item_neighbours"].code_version,
    deps=[user_song_interactions, unique_songs],
)
def item_neighbours(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Songs that are played by the same listeners, by shrunk cosine.

    Learned from the same pairs as the factorisation: once for each fold, and once on everything;
    while little is new, on everything alone.
    """
    return run_stage(context, make_items, _describe_items)


def _describe_items(facts: Facts, shop: Workshop) -> Metadata:
    return {
        "songs": facts["songs"],
        "songs with neighbours": facts["with_neighbours"],
        "neighbours of a song, on average": facts["mean_neighbours"],
        "settings": dg.MetadataValue.json(facts["config"]),
        "path": dg.MetadataValue.path(str(shop.layout.items)),
    }


@dg.asset(
    group_name=GROUP,
    kinds={"scikitlearn", "numpy"},
    code_version=STAGES["ranker"].code_version,
    deps=[user_song_interactions, unique_songs, svd_model, item_neighbours, knn_index],
)
def ranker(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Joins the candidates of all sources into one ranking.

    Learned from what held-out listeners played later than the sources have seen; of rank fusion,
    logistic regression and boosted trees the one that finds most of it (NDCG@10) on listeners
    that it was not learned from. It stands while little is new (RECSYS_RELEARN_AFTER).
    """
    return run_stage(context, make_ranker, _describe_ranker)


def _describe_ranker(facts: Facts, shop: Workshop) -> Metadata:
    found: dict[str, Any] = {"path": dg.MetadataValue.path(str(shop.layout.ranker))}
    for query in ("songs", "history"):
        lesson = facts[query]
        found |= {
            f"for {query}": lesson["ranker"]["kind"],
            f"for {query}: learned from listeners": lesson["listeners"],
            f"for {query}: trials on listeners not learned from": dg.MetadataValue.json(
                lesson["trials"]
            ),
            f"for {query}: ranker": dg.MetadataValue.json(lesson["ranker"]),
        }
    return found
