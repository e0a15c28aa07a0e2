"""Quality: what the evaluation does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recsys_dagster import progress
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.engines.base import ComputeEngine
from recsys_dagster.errors import RecsysError
from recsys_dagster.evaluation.ablations import ablate
from recsys_dagster.evaluation.document import summarise
from recsys_dagster.evaluation.experiment import (
    RankersOf,
    compare_rankers,
    describe_trial,
    headline,
    run_tasks,
)
from recsys_dagster.evaluation.feature_summary import feature_summary
from recsys_dagster.evaluation.groups import group_figures, listener_table
from recsys_dagster.evaluation.map_plot import plot_map
from recsys_dagster.evaluation.model_card import write_card
from recsys_dagster.evaluation.protocol import describe_protocol
from recsys_dagster.evaluation.ranking import EngineOf, Ranking
from recsys_dagster.evaluation.song_map import SongMap, make_song_map
from recsys_dagster.evaluation.split import Ints
from recsys_dagster.evaluation.tasks import summarise_task
from recsys_dagster.evaluation.trial import Trial
from recsys_dagster.evaluation.variants import FINAL
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.ranker import Rankers
from recsys_dagster.relearning import LEARNED_FROM, SEAL
from recsys_dagster.stages.base import Facts, Made
from recsys_dagster.stages.laboratory import Laboratory
from recsys_dagster.stages.models import group_name
from recsys_dagster.storage.atomic import write_json, write_text
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster.storage.tables import scan_table, write_table
from recsys_dagster.workshop import Workshop

FILE = "evaluation.json"
LISTENERS = "listeners.parquet"
CARD = "model_card.md"
SONG_MAP = "song_map.parquet"
SIZES = ("listens", "users", "songs", "songs_with_features")
DATA = ("user_song_interactions", "unique_songs", "audio_features")
"""The stages whose data versions say what was measured on."""


def make_evaluation(shop: Workshop, engine: ComputeEngine) -> Made:
    """Every task asked of every method, and what follows from it."""
    with engine.ranking(shop.layout.temporary) as ranking:
        return _make_evaluation(shop, ranking)


def _make_evaluation(shop: Workshop, ranking: Ranking) -> Made:
    lab = Laboratory(shop)
    rankers_of = _rankers(shop)
    engine_of = lab.engine_of(rankers_of)
    trials = run_tasks(lab, rankers_of, progress.current(), ranking)
    name, task = headline(trials)
    trial, cut = trials[name], _cut(lab)
    figures = summarise(trial, describe_protocol(lab.split, cut, task, len(trial.cases)))
    figures["tasks"] = {
        name: summarise_task(one, describe_trial(name, cut)) for name, one in trials.items()
    }
    figures["groups"] = group_figures(trial)
    figures["ablations"] = ablate(trial, engine_of, PARTS, ranking)
    figures["released"] = _released(shop, trial, engine_of, ranking)
    figures["cold"] = lab.cold_figures()
    figures["training"] = _training(shop)
    figures["ranker"] = _ranker_facts(shop)
    song_map, plays = _draw_catalogue(lab, figures)
    song_map.write(shop.layout.evaluation / SONG_MAP)
    write_table(_plays_of(shop), shop.layout.learned_from)
    outputs = [*_write(shop, trial, figures), shop.layout.evaluation / SONG_MAP]
    return [*outputs, shop.layout.learned_from], {
        "figures": figures,
        "song map": plot_map(song_map, plays),
        LEARNED_FROM: shop.data(),
        SEAL: {"rules": shop.rules, "with_features": shop.with_features()},
    }


def _plays_of(shop: Workshop) -> pl.LazyFrame:
    """What was learned from and measured on, to tell later how much is new."""
    return scan_table(shop.layout.interactions).select("user", "song_key", "play_count")


def _draw_catalogue(lab: Laboratory, figures: dict[str, Any]) -> tuple[SongMap, Ints]:
    """The song map with the plays of its songs; what it and the features say, into the figures."""
    found = scan_table(lab.shop.layout.features).filter(status="found")
    table = found.select("song_id", *FEATURES).collect(engine="streaming")
    ids = table["song_id"].to_numpy()
    raw = table.select(FEATURES).to_numpy().astype(np.float64).reshape(-1, len(FEATURES))
    plays = lab.songs["plays"].to_numpy()
    song_map = make_song_map(ids, raw, FEATURES)
    figures["song_map"] = song_map.to_dict()
    figures["audio"] = feature_summary(raw, FEATURES, plays[ids])
    return song_map, plays[song_map.song_ids]


def _rankers(shop: Workshop) -> RankersOf:
    """The ranker that was not learned from a group of listeners; the final one for others."""
    kept: dict[int, Rankers] = {}

    def of(group: int) -> Rankers:
        if group not in kept:
            own = shop.layout.ranker / group_name(group)
            kept[group] = Rankers.load(own if own.exists() else shop.layout.ranker / FINAL)
        return kept[group]

    return of


def _cut(lab: Laboratory) -> str | None:
    """The day at whose beginning learning stops, if there is one."""
    stamp = lab.shop.stamps.read("user_song_interactions")
    return stamp.facts["cut"] if stamp and lab.split.timed else None


def _released(
    shop: Workshop, trial: Trial, engine_of: EngineOf, ranking: Ranking
) -> dict[str, Any] | None:
    """The hybrid less what the ranker of the current release makes of the same models.

    That ranker has learned from the listeners who are asked, so it meets the final one, which
    has too. `None` where there is nothing to compare with.
    """
    final = shop.layout.ranker / FINAL
    try:
        release = shop.releases.open_current()
        rankers = Rankers.load(release.path / "ranker")
        if release.manifest["demo"] != find_raw_files(shop.layout).demo:
            return None
        if _same_files(release.path / "ranker", final):
            return None
    except (RecsysError, OSError, KeyError):
        return None  # there is none, or it is of another version: nothing to compare with
    apart = compare_rankers(trial, engine_of, Rankers.load(final), rankers, ranking)
    return {"release": release.id, "difference": apart}


def _same_files(one: Path, other: Path) -> bool:
    """Whether two directories hold the same."""
    first, second = (
        {path.relative_to(room): path.read_bytes() for path in room.rglob("*") if path.is_file()}
        for room in (one, other)
    )
    return first == second


def _ranker_facts(shop: Workshop) -> dict[str, Any]:
    stamp = shop.stamps.read("ranker")
    return dict(stamp.facts) if stamp else {}


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
    kinds = {
        f"ranker for {query}": joined.facts[query]["ranker"]["kind"] if joined else "none"
        for query in ("songs", "history")
    }
    return {**{f"svd {name}": value for name, value in found.items()}, **kinds}


def read_evaluation(shop: Workshop) -> dict[str, Any]:
    """The figures as they were written."""
    document: dict[str, Any] = json.loads((shop.layout.evaluation / FILE).read_text("utf-8"))
    return document
