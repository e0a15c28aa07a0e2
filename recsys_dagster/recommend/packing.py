"""What a release holds: written by the pipeline, opened by serving."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.item_knn import ItemKnn
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.shortlist import LEAST_ROWS, Shortlist
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.recommend.history import History, Times
from recsys_dagster.recommend.models import Models
from recsys_dagster.recommend.placing import Places
from recsys_dagster.recommend.ranker import Rankers
from recsys_dagster.recommend.songs import add_search_columns
from recsys_dagster.storage.atomic import flush_tree, write_json, write_text
from recsys_dagster.storage.releases import MODEL_CARD
from recsys_dagster.storage.tables import read_table, scan_table, write_table

_SHORTLIST = "shortlist.faiss"
_COUNTS = ("plays", "listeners")
_TIMES, _PLACES = "times", "map"


@dataclass(frozen=True, slots=True)
class Histories:
    """Who played what, by listener.

    Attributes
    ----------
    users
        Names, sorted.
    starts
        Where each listener's songs begin in the other two, shape (n_users + 1,).
    songs, plays
        Song ids and play counts, shape (n_pairs,).
    times
        When that was; `None`: not known, as in releases of the first versions.
    """

    users: tuple[str, ...]
    starts: NDArray[np.int64]
    songs: NDArray[np.int32]
    plays: NDArray[np.int64]
    times: Times | None = None

    def of(self, user: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """A listener's song ids and play counts, most played first.

        Raises
        ------
        RecsysError
            There is no such listener.
        """
        return self.at(self._position(user))

    def _position(self, user: str) -> int:
        if user not in self.users:
            some = ", ".join(self.users[:8]) + (" …" if len(self.users) > 8 else "")
            raise RecsysError(f"There is no listener {user[:60]!r}. There are: {some}")
        return self.users.index(user)

    def at(self, position: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The same for the listener at a position of `users`."""
        part, order = self._sorted(position)
        return self.songs[part][order].astype(np.int64), self.plays[part][order]

    def history(self, user: str) -> History:
        """A listener's songs with when they were played; raises as `of` does."""
        position = self._position(user)
        part, order = self._sorted(position)
        songs, plays = self.songs[part][order].astype(np.int64), self.plays[part][order]
        if self.times is None:
            return History(songs, plays)
        return self.times.of(position, part, songs, plays, order)

    def only(self, users: Sequence[str]) -> "Histories":
        """What some of the listeners played, in the order asked for; raises as `of` does."""
        if isinstance(users, str):
            raise RecsysError(f"Give the listeners as a list: [{users[:40]!r}].")
        known = {user: position for position, user in enumerate(self.users)}
        positions = [known[user] if user in known else self._position(user) for user in users]
        parts = [slice(self.starts[one], self.starts[one + 1]) for one in positions]
        sizes = [0, *(part.stop - part.start for part in parts)]
        rows = np.concatenate([np.empty(0, np.int64), *(np.arange(p.start, p.stop) for p in parts)])
        return Histories(tuple(users), np.cumsum(sizes), self.songs[rows], self.plays[rows])

    def _sorted(self, position: int) -> tuple[slice, NDArray[np.int64]]:
        """Where a listener's songs are, and their order from the most played on."""
        part = slice(self.starts[position], self.starts[position + 1])
        return part, np.lexsort((self.songs[part], -self.plays[part]))


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a recommender is made of.

    Attributes
    ----------
    songs
        One row a song, by id.
    artists
        The artist of each song as a number, (n_songs,).
    features, feature_names
        By song id, (n_songs, 13), NaN where missing; and their names.
    svd, items, knn, ranker, histories
        The models, and who played what.
    shortlists
        Those of `make_shortlists`, by source; `pack` makes them.
    places
        The song map; `None`: there is none, as in releases of the first versions.
    """

    songs: pl.DataFrame
    artists: NDArray[np.integer[Any]]
    features: NDArray[np.float32]
    feature_names: tuple[str, ...]
    svd: SvdModel
    items: ItemKnn | None
    knn: KnnIndex
    ranker: Rankers
    histories: Histories
    shortlists: Mapping[str, Shortlist] = field(default_factory=dict)
    places: Places | None = None

    @property
    def models(self) -> Models:
        """What an engine looks into."""
        plays, listeners = (self.songs[name].to_numpy() for name in _COUNTS)
        return Models(self.svd, self.knn, plays, listeners, self.artists, self.items)


def make_shortlists(parts: Parts, least: int) -> dict[str, Shortlist]:
    """Shortlists for the sources `svd` and `knn`, for each that has at least so many songs.

    They hold the songs that somebody plays; no others are recommended.
    """
    played = parts.songs["plays"].to_numpy() > 0
    svd, knn = parts.svd, parts.knn
    rows = {"svd": np.flatnonzero(played), "knn": np.flatnonzero(played[knn.song_ids])}
    vectors = {
        "svd": lambda part: np.hstack([svd.item_factors[part], svd.item_bias[part, None]]),
        "knn": lambda part: knn.vectors[:, part].T,
    }
    return {
        name: Shortlist.build(rows[name], vectors[name])
        for name in rows
        if len(rows[name]) >= least
    }


def pack(
    directory: Path, parts: Parts, evaluation: dict[str, Any], card: str | None = None
) -> None:
    """Write the parts, the evaluation and its model card into a directory that exists."""
    np.save(directory / "artists.npy", parts.artists.astype(np.int32))
    np.save(directory / "features.npy", parts.features)
    write_json(directory / "features.json", list(parts.feature_names))
    models = {"svd": parts.svd, "items": parts.items, "knn": parts.knn, "ranker": parts.ranker}
    for name, model in models.items():
        if model is not None:
            (directory / name).mkdir()
            model.save(directory / name)

    def write_songs() -> None:
        flush_tree(directory)  # what is large waits for the disk beside what takes the processor
        write_table(add_search_columns(parts.songs), directory / "songs.parquet")

    with ThreadPoolExecutor(1) as beside:
        written = beside.submit(write_songs)
        for name, shortlist in make_shortlists(parts, LEAST_ROWS).items():
            shortlist.save(directory / name / _SHORTLIST)
        written.result()
    history = directory / "history"
    history.mkdir()
    write_json(history / "users.json", list(parts.histories.users))
    for name in ("starts", "songs", "plays"):
        np.save(history / f"{name}.npy", getattr(parts.histories, name))
    for folder, optional in ((history / _TIMES, parts.histories.times),
                             (directory / _PLACES, parts.places)):  # fmt: skip
        if optional is not None:
            folder.mkdir()
            optional.save(folder)
    write_json(directory / "evaluation.json", evaluation)
    if card is not None:
        write_text(directory / MODEL_CARD, card)


def unpack(directory: Path, *, for_batches: bool = False) -> Parts:
    """Open what `pack` wrote; arrays are memory-mapped.

    Parameters
    ----------
    directory
        Of the release.
    for_batches
        Whether to leave out what batches do not ask for: shortlists, and of songs all but counts.

    Raises
    ------
    RecsysError
        A part is missing or broken.
    """
    try:
        artists = np.load(directory / "artists.npy", mmap_mode="r", allow_pickle=False)
        features = np.load(directory / "features.npy", mmap_mode="r", allow_pickle=False)
        names = json.loads((directory / "features.json").read_text(encoding="utf-8"))
        histories = open_histories(directory)
        mapped = directory / _PLACES
        places = Places.load(mapped) if mapped.exists() else None
    except FileNotFoundError as error:
        lacks = Path(error.filename).relative_to(directory)
        raise RecsysError(
            f"The release {directory.name} has no {lacks}: an earlier version of this program made "
            "it. `recsys run` makes one of this version."
        ) from None
    except (OSError, ValueError, EOFError) as error:
        raise RecsysError(
            f"The release {directory.name} cannot be opened ({error}). "
            "Go back with `recsys releases rollback ID`, or run `recsys run`."
        ) from None
    svd, knn = SvdModel.load(directory / "svd"), KnnIndex.load(directory / "knn")
    songs = directory / "songs.parquet"
    return Parts(
        scan_table(songs).select(_COUNTS).collect() if for_batches else read_table(songs),
        artists,
        features,
        tuple(names),
        svd,
        ItemKnn.load(directory / "items") if (directory / "items").exists() else None,
        knn,
        Rankers.load(directory / "ranker"),
        histories,
        {} if for_batches else _open_shortlists(directory, svd, knn),
        places,
    )


def _open_shortlists(directory: Path, svd: SvdModel, knn: KnnIndex) -> dict[str, Shortlist]:
    rows, factors = svd.item_factors.shape
    shapes = {"svd": (rows, factors + 1), "knn": (len(knn), knn.space.dimensions)}
    return {
        name: Shortlist.load(directory / name / _SHORTLIST, *shape)
        for name, shape in shapes.items()
        if (directory / name / _SHORTLIST).exists()
    }


def open_histories(release: Path) -> Histories:
    """Open who played what in a release, and nothing else of it."""
    directory = release / "history"
    arrays = {
        name: np.load(directory / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        for name in ("starts", "songs", "plays")
    }
    users = tuple(json.loads((directory / "users.json").read_text(encoding="utf-8")))
    times = Times.load(directory / _TIMES) if (directory / _TIMES).exists() else None
    return Histories(users, **arrays, times=times)
