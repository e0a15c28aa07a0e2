"""What the pipeline has made, when, and from what; read from disk, and nothing is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from recsys_dagster.audio.opening import pending_batches
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.status import coverage_of
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases
from recsys_dagster.workshop import STAGES, Workshop

CURRENT, STALE, MISSING = "up to date", "out of date", "not made yet"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StageState:
    """A stage: when it was made, and whether it is `CURRENT`, `STALE` or `MISSING`."""

    name: str
    state: str
    made_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """A release as its manifest has it; `problem` says why that cannot be read."""

    id: str
    current: bool
    created_at: datetime | None = None
    demo: bool = False
    data_version: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it.

    Attributes
    ----------
    pending
        Batches of audio features that are still to be done; `None`: cannot be told.
    coverage
        Songs by source and by reason, as the figures of a release have them.
    troubles
        In words, what could not be read.
    """

    stages: tuple[StageState, ...]
    releases: tuple[ReleaseState, ...]
    pending: int | None
    coverage: Mapping[str, Any]
    troubles: tuple[str, ...]


def read_overview(settings: Settings) -> Overview:
    """Look through a data folder; what is broken or missing is said in `troubles`."""
    troubles: list[str] = []
    layout = Layout(settings.data_dir)
    return Overview(
        _tried("The stages", lambda: _stages(Workshop(settings)), (), troubles),
        _tried("The releases", lambda: _releases(Releases(layout.releases)), (), troubles),
        _tried(
            "The pending batches", lambda: len(pending_batches(layout, settings)), None, troubles
        ),
        _tried("The coverage", lambda: _coverage(layout), {}, troubles),
        tuple(troubles),
    )


def _pending(layout: Layout, settings: Settings) -> int:
    return len(pending_batches(layout, settings))


def _tried(what: str, read: Callable[[], T], otherwise: T, troubles: list[str]) -> T:
    try:
        return read()
    except RecsysError as error:
        troubles.append(f"{what} cannot be told: {error}")
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        troubles.append(f"{what} cannot be told ({type(error).__name__}). Run `recsys run`.")
    return otherwise


def _stages(shop: Workshop) -> tuple[StageState, ...]:
    stale = set(shop.stale())
    return tuple(_stage(name, shop.layout, stale=name in stale) for name in STAGES)


def _stage(name: str, layout: Layout, *, stale: bool) -> StageState:
    made_at = _modified(layout.stamps / f"{name}.json")
    state = MISSING if made_at is None else STALE if stale else CURRENT
    return StageState(name, state, made_at)


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _releases(releases: Releases) -> tuple[ReleaseState, ...]:
    current = releases.current_id()
    return tuple(_release(releases, one, current=one == current) for one in releases.ids())


def _release(releases: Releases, release_id: str, *, current: bool) -> ReleaseState:
    try:
        manifest = releases.describe(release_id)
        figures = dict(manifest["figures"])
        return ReleaseState(
            release_id,
            current,
            datetime.fromisoformat(manifest["created_at"]),
            bool(manifest.get("demo")),
            figures.get("data_version"),
            figures,
        )
    except RecsysError as error:
        return ReleaseState(release_id, current, problem=str(error))


def _coverage(layout: Layout) -> Mapping[str, Any]:
    found = coverage_of(layout)
    return {
        "songs": found.songs,
        "songs_with_features": found.songs_with_features,
        "features_by_source": found.by_source,
        "missing_by_reason": found.missing_by_reason,
        "share_of_plays_with_features": found.share_of_plays,
    }
