"""Recommendations for all listeners, from the release that was published last."""

import time

from recsys_dagster import progress
from recsys_dagster.engines.base import ComputeEngine
from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.packing import open_histories
from recsys_dagster.stages.base import Made
from recsys_dagster.storage.tables import row_count
from recsys_dagster.workshop import Workshop


def make_recommendations(shop: Workshop, engine: ComputeEngine) -> Made:
    """The best songs for every listener."""
    release, target = shop.releases.open(_published(shop)), shop.layout.recommendations
    started = time.monotonic()
    engine.recommend_all(release.path, target, progress.current())
    seconds = time.monotonic() - started
    users = len(open_histories(release.path).users)
    facts = {
        "release": release.id, "rows": row_count(target), "users": users,
        "users_a_second": round(users / max(seconds, 1e-3), 1),
    }  # fmt: skip
    return [target], facts


def _published(shop: Workshop) -> str:
    """The release that the stage before published or kept, also where another is served by hand."""
    stamp = shop.stamps.read("recommender_release")
    if stamp is None:
        raise RecsysError("There is no release to recommend from. Run `recsys run`.")
    release: str = stamp.facts["release"]
    return release
