"""Quality: every method under one protocol."""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from recsys_dagster import progress
from recsys_dagster.defs.experiment import held_out_engine, open_catalogue, open_held_out
from recsys_dagster.defs.listening import unique_songs, user_song_interactions
from recsys_dagster.defs.metadata import markdown_list
from recsys_dagster.defs.models import knn_index, ranker, svd_model
from recsys_dagster.defs.stages import STAGES, Facts, Made, Metadata, Workshop, run_stage
from recsys_dagster.evaluation.ablations import ablate
from recsys_dagster.evaluation.document import summarise
from recsys_dagster.evaluation.groups import group_figures, listener_table
from recsys_dagster.evaluation.model_card import write_card
from recsys_dagster.evaluation.report import (
    BEYOND_COLUMNS,
    interval_lines,
    markdown_table,
    plot_methods,
)
from recsys_dagster.evaluation.trial import Trial, choose_part, run_trial
from recsys_dagster.recommend.ranker import Ranker
from recsys_dagster.storage.atomic import write_json, write_text
from recsys_dagster.storage.tables import write_table

GROUP = "quality"
FILE = "evaluation.json"
LISTENERS = "listeners.parquet"
CARD = "model_card.md"
SIZES = ("listens", "users", "songs", "songs_with_features")
DATA = ("user_song_interactions", "unique_songs", "audio_features")
"""The stages whose data versions say what was measured on."""


@dg.asset(
    group_name=GROUP,
    kinds={"numpy", "json"},
    code_version=STAGES["evaluation"].code_version,
    deps=[user_song_interactions, unique_songs, svd_model, knn_index, ranker],
)
def evaluation(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Every method, popular and random among them, under one protocol, with 95 % intervals.

    Five songs of each listener are revealed and the test part is to be found in the whole
    catalogue; what the listener is known to have played is left out for all methods alike. How to
    read the figures is in docs/evaluation.md.
    """
    return run_stage(context, _make_evaluation, _describe_evaluation)


def _make_evaluation(shop: Workshop) -> Made:
    held_out = open_held_out(shop)
    chosen = Ranker.load(shop.layout.ranker)
    engine = held_out_engine(shop, chosen, held_out)
    trial = run_trial(engine, held_out, open_catalogue(shop), progress=progress.current())
    figures = summarise(trial, choose_part(engine, held_out))
    figures["groups"] = group_figures(trial)
    figures["ablations"] = ablate(trial, lambda one: held_out_engine(shop, one, held_out), chosen)
    figures["training"] = _training(shop)
    return _write(shop, trial, figures), {"figures": figures}


def _training(shop: Workshop) -> dict[str, Any]:
    trained = shop.stamps.read("svd_model")
    facts = trained.facts if trained else {"best_epoch": None, "measure": None, "curve": []}
    return {name: facts[name] for name in ("best_epoch", "measure", "curve")}


def _write(shop: Workshop, trial: Trial, figures: dict[str, Any]) -> list[Path]:
    """Write the document, the figures of each listener and the model card."""
    room = shop.layout.evaluation
    write_json(room / FILE, figures)
    write_table(listener_table(trial), room / LISTENERS)
    write_text(room / CARD, write_card(figures, _data(shop), _settings(shop)))
    return [room / FILE, room / LISTENERS, room / CARD]


def _data(shop: Workshop) -> dict[str, Any]:
    """Sizes, and the content hash of each table."""
    facts: Facts = {}
    for stage in ("listens", "audio_features"):
        facts |= stamp.facts if (stamp := shop.stamps.read(stage)) else {}
    sizes = {name: facts[name] for name in SIZES if name in facts}
    stamps = {name: shop.stamps.read(name) for name in DATA}
    hashes = {f"hash of {name}": stamp.data_version for name, stamp in stamps.items() if stamp}
    return {**sizes, **hashes}


def _settings(shop: Workshop) -> dict[str, Any]:
    """What the models were trained with."""
    trained, joined = (shop.stamps.read(name) for name in ("svd_model", "ranker"))
    found: Facts = {}
    if trained:
        found |= {"objective": trained.facts["objective"], "epochs": trained.facts["best_epoch"]}
        found |= trained.facts["config"]
    ranked = joined.facts["ranker"] if joined else {}
    return {
        **{f"svd {name}": value for name, value in found.items()},
        **{f"ranker {name}": value for name, value in ranked.items()},
    }


def _describe_evaluation(facts: Facts, shop: Workshop) -> Metadata:
    figures = facts["figures"]
    methods, hybrid = figures["methods"], figures["methods"]["hybrid"]["ndcg@10"]
    room = shop.layout.evaluation
    return {
        "NDCG@10 of the hybrid": hybrid if hybrid is not None else "not measurable",
        "listeners": figures["protocol"]["listeners"],
        "intervals": markdown_list(interval_lines(figures)),
        "figures": dg.MetadataValue.md(markdown_table(methods)),
        "beyond accuracy": dg.MetadataValue.md(markdown_table(methods, BEYOND_COLUMNS)),
        "comparison": dg.MetadataValue.md(plot_methods(methods, figures["intervals"])),
        "protocol": figures["protocol"]["description"],
        "model card": dg.MetadataValue.md((room / CARD).read_text("utf-8")),
        "path": dg.MetadataValue.path(str(room / FILE)),
    }


def read_evaluation(shop: Workshop) -> dict[str, Any]:
    """The figures as they were written."""
    document: dict[str, Any] = json.loads((shop.layout.evaluation / FILE).read_text("utf-8"))
    return document
