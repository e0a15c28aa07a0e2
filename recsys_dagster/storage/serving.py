"""The release that serving reads: the current one, or the last good one where it is damaged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.format import refuse_newer
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster.storage.releases import Release, Releases

T = TypeVar("T")
_UNREADABLE = (RecsysError, OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError)


@dataclass(frozen=True, slots=True)
class Served(Generic[T]):
    """A release as it was opened; `warning` says why it is not the current one, if it is not."""

    release: Release
    opened: T
    warning: str | None = None


def open_served(layout: Layout, opening: Callable[[Release], T]) -> Served[T]:
    """Open the current release, or where that cannot be done the last good one.

    `CURRENT` stays as it is: what is read only is not put right, and the next run does that.

    Parameters
    ----------
    layout
        Of the data folder.
    opening
        Opens a release that was found whole.

    Raises
    ------
    RecsysError
        There is no release yet, none can be opened, or the data folder is of a newer version.
    """
    refuse_newer(layout)
    releases = Releases(layout.releases)
    try:
        current = releases.open_current()
        return Served(current, opening(current))
    except _UNREADABLE as error:
        if not releases.ids():
            raise
        trouble = str(error) if isinstance(error, RecsysError) else _in_words(error)
    for release_id in fallbacks(layout):
        try:
            release = releases.open(release_id)
            return Served(release, opening(release), instead(trouble, release_id))
        except _UNREADABLE:
            continue
    raise RecsysError(f"{trouble} There is no other release to go back to.")


def _in_words(error: Exception) -> str:
    return (
        f"The current release cannot be opened ({type(error).__name__}: {error}). "
        "`recsys run` makes a new one."
    )


def instead(trouble: str, release_id: str) -> str:
    """Why another release than the current one is read."""
    return f"{trouble} Until then release {release_id} is used."


def fallbacks(layout: Layout) -> list[str]:
    """The releases to try where the current one is damaged, best first; they may be damaged too.

    First those before it, the newest first, then those that it was rolled back from. A made-up
    world never stands in for a listener's own, nor the other way round.
    """
    releases = Releases(layout.releases)
    current = releases.current_id() or ""
    demo = _demo(releases, current)
    wanted = find_raw_files(layout).demo if demo is None else demo
    others = [one for one in releases.ids() if one != current and _demo(releases, one) == wanted]
    return sorted(others, key=lambda one: one < current, reverse=True)


def _demo(releases: Releases, release_id: str) -> bool | None:
    """Whether a release is of a made-up world; `None` where it cannot be told."""
    try:
        return bool(releases.describe(release_id)["demo"])
    except (RecsysError, KeyError):
        return None
