"""What a data folder holds, read from the tables and the release themselves."""

from typing import Any

import polars as pl

from recsys_dagster.audio.coverage import Coverage, measure_coverage
from recsys_dagster.audio.opening import pending_batches
from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.listens import scan_listens
from recsys_dagster.settings import Settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.raw import RawFiles, find_raw_files
from recsys_dagster.storage.releases import Releases
from recsys_dagster.storage.serving import open_served
from recsys_dagster.storage.stages import Stamps
from recsys_dagster.storage.tables import scan_table


def read_status(settings: Settings) -> dict[str, Any]:
    """The contents of `recsys status --json`; what is not there yet counts as 0 or `None`."""
    layout = Layout(settings.data_dir)
    raw = find_raw_files(layout)
    listens, users = _listening(layout)
    coverage = coverage_of(layout)
    return {
        "data_dir": str(layout.root),
        "demo": _is_demo(layout, raw),
        "history_files": len(raw.history),
        "catalogue_files": len(raw.catalogues),
        "listens": listens,
        "users": users,
        "songs": coverage.songs,
        "songs_with_features": coverage.songs_with_features,
        "features_by_source": coverage.by_source,
        "missing_by_reason": coverage.missing_by_reason,
        "share_of_plays_with_features": round(coverage.share_of_plays, 4),
        "pending_batches": len(pending_batches(layout, settings)),
        **_release(layout),
    }


def _is_demo(layout: Layout, raw: RawFiles) -> bool:
    """Whether the listens that there are were made up; before any, whether they will be."""
    stamp = Stamps(layout).read("listens")
    return bool(stamp.facts["demo"]) if stamp else raw.demo


def _listening(layout: Layout) -> tuple[int, int]:
    if not any(layout.listens.glob("*.parquet")):
        return 0, 0
    counts = scan_listens(layout.listens).select(pl.len(), pl.col("user").n_unique())
    listens, users = counts.collect(engine="streaming").row(0)
    return int(listens), int(users)


def coverage_of(layout: Layout) -> Coverage:
    """Of how many songs that are played the sound is known; nothing where there are no songs."""
    if not layout.songs.exists():
        return Coverage(0, 0, {}, {}, 0.0)
    songs = scan_table(layout.songs)
    if layout.features.exists():
        return measure_coverage(scan_table(layout.features), songs)
    played = songs.select((pl.col("plays") > 0).sum()).collect().item()
    return Coverage(int(played), 0, {}, {"pending": int(played)} if played else {}, 0.0)


def _release(layout: Layout) -> dict[str, Any]:
    """The release that `CURRENT` names, and where that is damaged the one read in its place."""
    releases = Releases(layout.releases)
    current = releases.current_id()
    nothing: dict[str, Any] = {"release": current, "release_created_at": None, "figures": {}}
    if not releases.ids() and current is None:
        return nothing
    try:
        served = open_served(layout, lambda release: release.manifest)
    except RecsysError as error:
        return {**nothing, "release_problem": str(error), "served_release": None}
    found = {
        "release": current,
        "release_created_at": served.opened["created_at"],
        "figures": served.opened["figures"],
    }
    if served.warning:
        found |= {"release_problem": served.warning, "served_release": served.release.id}
    return found
