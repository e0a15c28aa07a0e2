"""The release that is served: opened once, kept while it is current, never left for a damaged one.

The cheap question (which release is current?) is asked on every rerun, the dear one (open and
verify it) once a release.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from recsys_dagster.errors import RecsysError
from streamlit_app.parts.serving import FolderShelf, Serving, Shelf

_NAMELESS = (
    "No release is named as the current one: the file releases/CURRENT is gone or damaged. "
    "`recsys run` puts it right."
)


def shelf() -> Shelf:
    """Give the place that releases are read from."""
    return FolderShelf()


@dataclass(frozen=True)
class Standing:
    """Which release is current, and why it cannot be opened (`None`: it can)."""

    release_id: str | None
    trouble: str | None = None


def standing() -> Standing:
    """Look which release is current; opens a new one, so that its first page is fast."""
    try:
        release_id = shelf().current_id()
        if release_id is None and shelf().fallbacks():
            return Standing(None, _NAMELESS)
    except (RecsysError, OSError, ValueError) as error:
        return Standing(None, f"The current release cannot be told: {error}")
    return Standing(release_id, _trouble(release_id) if release_id else None)


def open_current(now: Standing) -> Serving | None:
    """Give the current release, or the last good one with its `trouble` set.

    That is the one that this process has open, or else the newest of the others that is whole;
    never a made-up world in the place of a listener's own.
    `None` means that nothing was released yet.

    Raises
    ------
    RecsysError
        The current release cannot be opened and there is none to fall back on.
    """
    good = _last_good()
    if now.trouble:
        others = shelf().fallbacks()
        if "release" not in good or good["release"].release_id not in others:
            good["release"] = _newest_whole(others, now.trouble)
        return replace(good["release"], trouble=now.trouble)
    if now.release_id is None:
        return None
    good["release"] = _load(now.release_id)
    return good["release"]


def _newest_whole(others: Sequence[str], trouble: str) -> Serving:
    for release_id in others:
        if _trouble(release_id) is None:
            return _load(release_id)
    raise RecsysError(trouble)


@st.cache_resource(max_entries=2, show_spinner="Opening the release…")
def _load(release_id: str) -> Serving:
    return shelf().open(release_id)


@st.cache_data(ttl=30, show_spinner=False)
def _trouble(release_id: str) -> str | None:
    """Why a release cannot be opened; a damaged one is tried again every 30 seconds."""
    try:
        _load(release_id)
    except RecsysError as error:
        return str(error)
    return None


@st.cache_resource(show_spinner=False)
def _last_good() -> dict[str, Serving]:
    return {}
