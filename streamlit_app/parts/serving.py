"""What the app serves from: what the pages ask of a recommender, and the shelf of releases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend import METHODS, Answer, Recommender, Seed, Song
from recsys_dagster.recommend.history import History
from recsys_dagster.recommend.placing import Places
from recsys_dagster.recommend.taste import Favourite
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases
from recsys_dagster.storage.serving import fallbacks


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
        return Releases.in_folder().current_id()

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
        return fallbacks(Layout(load_settings().data_dir))

    def _open(self, release_id: str) -> Serving:
        release = Releases.in_folder().open(release_id)
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
