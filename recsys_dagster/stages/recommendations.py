"""Recommendations for all listeners, from the release that was published last."""

import time

from recsys_dagster import progress
from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.listing import write_recommendations
from recsys_dagster.recommend.packing import unpack
from recsys_dagster.stages.base import Made
from recsys_dagster.workshop import Workshop

_THREADS = 2


def make_recommendations(shop: Workshop) -> Made:
    """The best songs for every listener."""
    release = shop.releases.open(_published(shop))
    parts, started = unpack(release.path), time.monotonic()
    rows = write_recommendations(
        parts, shop.layout.recommendations, threads=_THREADS, progress=progress.current()
    )
    seconds = time.monotonic() - started
    users = len(parts.histories.users)
    facts = {
        "release": release.id, "rows": rows, "users": users,
        "users_a_second": round(users / max(seconds, 1e-3), 1),
    }  # fmt: skip
    return [shop.layout.recommendations], facts


def _published(shop: Workshop) -> str:
    """The release that the stage before published or kept, also where another is served by hand."""
    stamp = shop.stamps.read("recommender_release")
    if stamp is None:
        raise RecsysError("There is no release to recommend from. Run `recsys run`.")
    release: str = stamp.facts["release"]
    return release
