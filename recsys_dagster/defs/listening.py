"""Listening: histories, interactions and unique songs."""

from typing import Any

import dagster as dg

from recsys_dagster.defs.fetching import history_files
from recsys_dagster.defs.metadata import markdown_list, table_metadata
from recsys_dagster.defs.partitions import register_batches
from recsys_dagster.defs.plots import plot_months
from recsys_dagster.defs.stages import Metadata, run_on_engine
from recsys_dagster.listening.readings import Reading, sentences_about
from recsys_dagster.relearning import DRIFT
from recsys_dagster.stages.base import Facts
from recsys_dagster.stages.listening import ensure_demo
from recsys_dagster.storage.tables import (
    read_table,
)
from recsys_dagster.workshop import STAGES, Workshop

GROUP = "listening"


@dg.asset(
    group_name=GROUP,
    kinds={"polars", "parquet"},
    code_version=STAGES["listens"].code_version,
    deps=[history_files],
)
def listens(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Every listen of every history file, in one schema; times are UTC.

    With nothing in `raw/history` the made-up demo world is put there first. Rows that are no
    listens are counted by reason; files that cannot be used are named with what is wrong.
    """
    return run_on_engine(context, _describe_listens, before=ensure_demo)


def _describe_listens(facts: Facts, shop: Workshop) -> Metadata:
    readings = [Reading.from_dict(one) for one in facts["readings"]]
    first = min(shop.layout.listens.glob("*.parquet"))
    return {
        **table_metadata(first, facts["listens"]),
        "path": dg.MetadataValue.path(str(shop.layout.listens)),
        "listeners": facts["users"],
        "made-up demo world": facts["demo"],
        "by month": dg.MetadataValue.md(plot_months(facts.get("by_month", {}))),
        "files": markdown_list(
            f"{one.file} ({one.format}): {one.rows:,} rows, {one.listens:,} listens"
            for one in readings
        ),
        "left out and noted": markdown_list(sentences_about(readings)),
        "listens that another file has too": markdown_list(
            f"{file}: {count:,}, counted once" for file, count in facts["repeated"].items()
        ),
        "bursts": markdown_list(
            f"{file}: {count:,} repeats that cannot have been played: marked, and no plays"
            for file, count in facts["bursts"].items()
        ),
        "files that could not be used": markdown_list(facts["refused"]),
    }


@dg.asset(
    group_name=GROUP,
    kinds={"polars", "parquet"},
    code_version=STAGES["user_song_interactions"].code_version,
    deps=[listens],
)
def user_song_interactions(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """Per listener and song: play count, first and last listen.

    `early_plays` are those before a cut in time, the same for all: what came later is what the
    ranker learns to find, and what the evaluation asks for.
    """
    return run_on_engine(context, _describe_interactions)


def _describe_interactions(facts: Facts, shop: Workshop) -> Metadata:
    return {
        **table_metadata(shop.layout.interactions, facts["interactions"]),
        "cut in time": facts["cut"] or "none: too few listens have a time",
        "new since ranker and evaluation were made": _share(facts.get(DRIFT)),  # none before
    }


def _share(found: Facts | None) -> str:
    return f"{found['share']:.1%} of the plays" if found else "everything"


@dg.asset(
    group_name=GROUP,
    kinds={"polars", "parquet"},
    code_version=STAGES["unique_songs"].code_version,
    deps=[user_song_interactions],
)
def unique_songs(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """One row a song, with an id that it keeps for good.

    Spellings that differ in case, spacing, look-alike characters, guests or remaster notes are
    one song; live versions and remixes are not. New songs get new ids, and new batches of 500
    are registered as partitions of the audio features.
    """
    result = run_on_engine(context, _describe_songs)
    register_batches(context.instance, read_table(Workshop.open().layout.songs))
    return result


def _describe_songs(facts: Facts, shop: Workshop) -> Metadata:
    return {
        **table_metadata(shop.layout.songs, facts["rows"]),
        "songs with plays": facts["songs"],
        "batches": facts["batches"],
        "where ids are from": markdown_list(facts.get("remarks", [])),
    }
