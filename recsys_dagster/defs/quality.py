"""Quality: every method under one protocol."""

import json
from typing import Any

import dagster as dg

from recsys_dagster import progress
from recsys_dagster.defs.experiment import held_out_engine, open_held_out
from recsys_dagster.defs.listening import unique_songs, user_song_interactions
from recsys_dagster.defs.models import knn_index, ranker, svd_model
from recsys_dagster.defs.stages import STAGES, Facts, Made, Metadata, Workshop, run_stage
from recsys_dagster.evaluation.protocol import evaluate
from recsys_dagster.evaluation.report import markdown_table, plot_methods
from recsys_dagster.recommend.ranker import Ranker
from recsys_dagster.storage.atomic import write_json

GROUP = "quality"
FILE = "evaluation.json"


@dg.asset(
    group_name=GROUP,
    kinds={"numpy", "json"},
    code_version=STAGES["evaluation"].code_version,
    deps=[user_song_interactions, unique_songs, svd_model, knn_index, ranker],
)
def evaluation(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Precision, recall and NDCG at 5, 10 and 20 of every method, popular and random among them.

    Five songs of each listener are revealed and the test part is to be found in the whole
    catalogue; what the listener is known to have played is left out for all methods alike.
    """
    return run_stage(context, _make_evaluation, _describe_evaluation)


def _make_evaluation(shop: Workshop) -> Made:
    held_out = open_held_out(shop)
    engine = held_out_engine(shop, Ranker.load(shop.layout.ranker), held_out)
    figures = evaluate(engine, held_out, progress=progress.current())
    trained = shop.stamps.read("svd_model")
    facts = trained.facts if trained else {"best_epoch": None, "measure": None, "curve": []}
    figures["training"] = {name: facts[name] for name in ("best_epoch", "measure", "curve")}
    target = shop.layout.evaluation / FILE
    write_json(target, figures)
    return [target], {"figures": figures}


def _describe_evaluation(facts: Facts, shop: Workshop) -> Metadata:
    methods = facts["figures"]["methods"]
    hybrid = methods["hybrid"]["ndcg@10"]
    return {
        "NDCG@10 of the hybrid": hybrid if hybrid is not None else "not measurable",
        "listeners": facts["figures"]["protocol"]["listeners"],
        "figures": dg.MetadataValue.md(markdown_table(methods)),
        "comparison": dg.MetadataValue.md(plot_methods(methods)),
        "protocol": facts["figures"]["protocol"]["description"],
        "path": dg.MetadataValue.path(str(shop.layout.evaluation / FILE)),
    }


def read_evaluation(shop: Workshop) -> dict[str, Any]:
    """The figures as they were written."""
    document: dict[str, Any] = json.loads((shop.layout.evaluation / FILE).read_text("utf-8"))
    return document
