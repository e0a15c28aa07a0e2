"""The release that is served: opened once, kept while it is current, never left for a damaged one.

The cheap question (which release is current?) is asked on every rerun, the dear one (open and
verify it) once a release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend import METHODS, Answer, Recommender, Seed, Song
from recsys_dagster.recommend.history import History
from recsys_dagster.recommend.placing import Places
from recsys_dagster.recommend.taste import Favourite
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.format import refuse_newer
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases
from recsys_dagster.storage.serving import fallbacks

_NAMELESS = (
    "No release is named as the current one: the file releases/CURRENT is gone or damaged. "
    "`recsys run` puts it right."
)


class Answering(Protocol):
    """What the pages ask of a recommender."""

    def search(self, text: str, n: int = 10) -> list[Song]:
        """Songs that match a text, best first; the most played for an empty one."""

    def resolve(self, query: str) -> Seed:
        """The song that a text names, or the nearest ones."""

    def song(self, song_id: int) -> Song:
        """One song of the catalogue."""

    def look_up(self, song_ids: Sequence[int]) -> list[Song]:
        """Several songs, in the order asked for."""

    def popular(self, n: int) -> list[Song]:
        """The most played songs."""

    @property
    def users(self) -> Sequence[str]:
        """The listeners of the data."""

    def history(self, user: str) -> History:
        """What a listener of the data played, and when."""

    def favourites(self, history: History, n: int) -> list[Favourite]:
        """The artists that a history holds most plays of."""

    @property
    def places(self) -> Places | None:
        """The song map, where the release has one."""

    def audio(self, song_ids: Sequence[int]) -> list[dict[str, float | None]]:
        """The audio features of songs, in their own units."""

    def mean_audio(
        self, song_ids: Sequence[int], plays: Sequence[int] | None = None
    ) -> dict[str, float | None]:
        """The mean of each audio feature over songs that count by their plays."""

    def catalogue_audio(self) -> dict[str, float | None]:
        """The mean of each audio feature over the catalogue."""

    def recommend(
        self,
        seeds: Sequence[str | int] = (),
        *,
        user: str | None = None,
        history: Mapping[int, float] | None = None,
        method: str = "hybrid",
        n: int = 10,
        diversity: float = 0.0,
        max_per_artist: int | None = None,
        popularity: str = "balanced",
        steer: Mapping[str, float] | None = None,
        exclude_artists: Sequence[str] = (),
        exclude_songs: Sequence[str | int] = (),
    ) -> Answer:
        """Recommendations for seeds, a listener of the data, or a history."""


@dataclass(frozen=True)
class Serving:
    """An open release; `trouble` says why a newer one is not shown in its place.

    `catalogue` is its table of songs, `card` its model card as Markdown.
    """

    release_id: str
    created_at: datetime
    figures: Mapping[str, int]
    demo: bool
    methods: tuple[str, ...]
    recommender: Answering
    evaluation: Mapping[str, Any]
    trouble: str | None = None
    catalogue: Path | None = None
    card: str | None = None


class Shelf(Protocol):
    """Where releases stand. Tests put their own in its place."""

    def current_id(self) -> str | None:
        """Which release is current; cheap."""

    def open(self, release_id: str) -> Serving:
        """Open and verify a release."""

    def fallbacks(self) -> Sequence[str]:
        """The releases to try where the current one cannot be opened, best first."""


class FolderShelf:
    """The releases in the data folder that the settings name."""

    def current_id(self) -> str | None:
        """Read `releases/CURRENT`."""
        return _releases().current_id()

    def open(self, release_id: str) -> Serving:
        """Open and verify a release; raises `RecsysError` when it is damaged."""
        try:
            return self._open(release_id)
        except (OSError, ValueError, KeyError) as error:
            raise RecsysError(
                f"Release {release_id} cannot be read ({type(error).__name__}: {error}). "
                "Go back with `recsys releases rollback ID`, or run `recsys run`."
            ) from error

    def fallbacks(self) -> Sequence[str]:
        """Look which other releases there are."""
        return fallbacks(_layout())

    def _open(self, release_id: str) -> Serving:
        release = _releases().open(release_id)
        recommender = Recommender.from_release(release)
        recommender.search("a", 1)  # makes the index, so that no letter typed has to wait for it
        return Serving(
            release_id=release.id,
            created_at=release.created_at,
            figures=release.manifest.get("figures", {}),
            demo=bool(release.manifest.get("demo")),
            methods=METHODS,
            recommender=recommender,
            evaluation=release.evaluation(),
            catalogue=release.path / "songs.parquet",
            card=release.model_card(),
        )


def _layout() -> Layout:
    layout = Layout(load_settings().data_dir)
    refuse_newer(layout)
    return layout


def _releases() -> Releases:
    return Releases(_layout().releases)


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
