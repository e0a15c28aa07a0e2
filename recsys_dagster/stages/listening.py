"""Listening: what its stages do, from history files to unique songs."""

from recsys_dagster import progress
from recsys_dagster.demo import ensure_history
from recsys_dagster.engines.base import ComputeEngine
from recsys_dagster.listening.drift import drift
from recsys_dagster.listening.song_ids import known_songs
from recsys_dagster.listening.windows import by_month, count_users, find_cut
from recsys_dagster.relearning import DRIFT, LEARNED, LEARNED_FROM
from recsys_dagster.stages.base import Facts, Made
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster.storage.tables import row_count
from recsys_dagster.workshop import Workshop


def ensure_demo(shop: Workshop) -> None:
    """Make the demo world where there is no history."""
    ensure_history(shop.layout, progress.current())


def make_listens(shop: Workshop, engine: ComputeEngine) -> Made:
    """The table of listens, from all history files."""
    shop.stamps.forget("listens")  # a kill half-way must not leave a table that counts as done
    raw, layout = find_raw_files(shop.layout), shop.layout
    table = engine.sync_listens(
        raw.history, layout.history, layout.listens, layout.readings, progress.current()
    )
    heard = engine.scan_listens(layout.listens)
    return [layout.listens], {
        "listens": table.listens,
        "repeated": table.repeated,
        "bursts": table.bursts,
        "users": count_users(heard),
        "demo": raw.demo,
        "by_month": by_month(heard),
        "readings": [reading.to_dict() for reading in table.readings],
        "refused": list(table.refused),
    }


def make_interactions(shop: Workshop, engine: ComputeEngine) -> Made:
    """Who played which song how often."""
    listens, target = shop.layout.listens, shop.layout.interactions
    cut = find_cut(engine.scan_listens(listens))
    engine.count_interactions(listens, cut, target)
    return [target], {
        "interactions": row_count(target),
        "cut": cut.date().isoformat() if cut else None,
        DRIFT: _drift(shop, engine),
    }


def _drift(shop: Workshop, engine: ComputeEngine) -> Facts | None:
    """How much is new since ranker and evaluation were made; `None` while there are none."""
    sealed = shop.stamps.read(LEARNED[-1])
    if sealed is None or LEARNED_FROM not in sealed.facts:  # none, or a version before made them
        return None
    before, now = engine.scan(shop.layout.learned_from), engine.scan(shop.layout.interactions)
    return {"since": sealed.facts[LEARNED_FROM]["user_song_interactions"],
            "share": drift(before, now)}  # fmt: skip


def make_songs(shop: Workshop, engine: ComputeEngine) -> Made:
    """The songs, each with its id for good."""
    target = shop.layout.songs
    known, remark = known_songs(shop.layout)
    songs = engine.unique_songs(shop.layout.interactions, known, target)
    return [target], {
        "rows": songs.height,
        "songs": int((songs["plays"] > 0).sum()),
        "batches": songs["batch"].n_unique(),
        "remarks": [remark] if remark else [],
    }
