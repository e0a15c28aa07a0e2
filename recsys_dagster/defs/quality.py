"""Quality: every method under one protocol."""

from typing import Any

import dagster as dg

from recsys_dagster.defs.listening import unique_songs, user_song_interactions
from recsys_dagster.defs.metadata import markdown_list
from recsys_dagster.defs.models import item_neighbours, knn_index, ranker, svd_model
from recsys_dagster.defs.stages import Metadata, run_on_engine
from recsys_dagster.evaluation.feature_plots import plot_correlations, plot_distributions
from recsys_dagster.evaluation.report import (
    BEYOND_COLUMNS,
    interval_lines,
    markdown_table,
    plot_methods,
    plot_training,
)
from recsys_dagster.evaluation.tasks import task_table
from recsys_dagster.stages.base import Facts
from recsys_dagster.stages.quality import CARD, FILE
from recsys_dagster.workshop import STAGES, Workshop

GROUP = "quality"


@dg.asset(
    group_name=GROUP,
    kinds={"numpy", "json"},
    code_version=STAGES["evaluation"].code_version,
    deps=[user_song_interactions, unique_songs, svd_model, item_neighbours, knn_index, ranker],
)
def evaluation(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Every method, popular and random among them, under one protocol, with 95 % intervals.

    Listeners who were held out reveal one, three or five songs, and what they played later is to
    be found in the whole catalogue. Two more tasks: new songs for listeners whose history is
    known, and cold songs. How to read the figures is in docs/evaluation.md. They stand while
    little is new (RECSYS_RELEARN_AFTER).
    """
    return run_on_engine(context, _describe_evaluation)


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
        "by task": dg.MetadataValue.md(task_table(figures["tasks"])),
        "song map": dg.MetadataValue.md(facts["song map"]),
        "audio features": dg.MetadataValue.md(plot_distributions(figures["audio"])),
        "correlations of audio features": dg.MetadataValue.md(plot_correlations(figures["audio"])),
        "training curve": dg.MetadataValue.md(plot_training(figures["training"])),
        "protocol": figures["protocol"]["description"],
        "model card": dg.MetadataValue.md((room / CARD).read_text("utf-8")),
        "path": dg.MetadataValue.path(str(room / FILE)),
    }
