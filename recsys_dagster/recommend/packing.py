"""What a release holds: written by the pipeline, opened by serving."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.knn.index import KnnIndex
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.recommend.ranker import Ranker
from recsys_dagster.recommend.songs import add_search_columns
from recsys_dagster.storage.atomic import write_json
from recsys_dagster.storage.tables import read_table, write_table


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
    """

    users: tuple[str, ...]
    starts: NDArray[np.int64]
    songs: NDArray[np.int32]
    plays: NDArray[np.int64]

    def of(self, user: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """A listener's song ids and play counts, most played first.

        Raises
        ------
        RecsysError
            There is no such listener.
        """
        if user not in self.users:
            some = ", ".join(self.users[:8]) + (" …" if len(self.users) > 8 else "")
            raise RecsysError(f"There is no listener {user[:60]!r}. There are: {some}")
        position = self.users.index(user)
        part = slice(self.starts[position], self.starts[position + 1])
        order = np.lexsort((self.songs[part], -self.plays[part]))
        return self.songs[part][order].astype(np.int64), self.plays[part][order]


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a recommender is made of; `features` by song id, (n_songs, 13), NaN if missing."""

    songs: pl.DataFrame
    features: NDArray[np.float32]
    feature_names: tuple[str, ...]
    svd: SvdModel
    knn: KnnIndex
    ranker: Ranker
    histories: Histories


def pack(directory: Path, parts: Parts, evaluation: dict[str, Any]) -> None:
    """Write the parts into a directory that exists."""
    write_table(add_search_columns(parts.songs), directory / "songs.parquet")
    np.save(directory / "features.npy", parts.features)
    write_json(directory / "features.json", list(parts.feature_names))
    for name, model in (("svd", parts.svd), ("knn", parts.knn), ("ranker", parts.ranker)):
        (directory / name).mkdir()
        model.save(directory / name)
    history = directory / "history"
    history.mkdir()
    write_json(history / "users.json", list(parts.histories.users))
    for name in ("starts", "songs", "plays"):
        np.save(history / f"{name}.npy", getattr(parts.histories, name))
    write_json(directory / "evaluation.json", evaluation)


def unpack(directory: Path) -> Parts:
    """Open what `pack` wrote; arrays are memory-mapped.

    Raises
    ------
    RecsysError
        A part is missing or broken.
    """
    try:
        features = np.load(directory / "features.npy", mmap_mode="r", allow_pickle=False)
        names = json.loads((directory / "features.json").read_text(encoding="utf-8"))
        histories = _open_histories(directory / "history")
    except (OSError, ValueError, EOFError) as error:
        raise RecsysError(
            f"The release {directory.name} cannot be opened ({error}). "
            "Go back with `recsys releases rollback ID`, or run `recsys run`."
        ) from None
    return Parts(
        read_table(directory / "songs.parquet"),
        features,
        tuple(names),
        SvdModel.load(directory / "svd"),
        KnnIndex.load(directory / "knn"),
        Ranker.load(directory / "ranker"),
        histories,
    )


def _open_histories(directory: Path) -> Histories:
    arrays = {
        name: np.load(directory / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        for name in ("starts", "songs", "plays")
    }
    users = tuple(json.loads((directory / "users.json").read_text(encoding="utf-8")))
    return Histories(users, **arrays)
