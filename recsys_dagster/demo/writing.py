"""Writes the made-up world as the two files that a user would bring."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recsys_dagster.demo.catalogue import catalogue_rows
from recsys_dagster.demo.config import DemoConfig
from recsys_dagster.demo.draw import Flags, Ints
from recsys_dagster.demo.history import HEADER, append_rows, history_rows, usernames
from recsys_dagster.demo.listeners import Listeners, make_listeners
from recsys_dagster.demo.plays import make_plays
from recsys_dagster.demo.world import World, make_world
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.storage.atomic import atomic_path

HISTORY_NAME = "Last.fm_data.csv"
FEATURES_NAME = "demo_audio_features.csv"
CHUNK_LISTENS = 250_000
"""About how many listens are made at a time, which bounds the memory."""


@dataclass(frozen=True)
class DemoSummary:
    """What was written.

    Attributes
    ----------
    users, songs, artists, listens
        The size of the world; `songs` counts those that nobody plays too.
    songs_played
        How many songs occur in the history.
    catalogue_rows
        How many songs have audio features.
    history, features
        The two files.
    """

    users: int
    songs: int
    artists: int
    listens: int
    songs_played: int
    catalogue_rows: int
    history: Path
    features: Path


def write_demo(
    history_dir: Path, features_dir: Path, config: DemoConfig, progress: Progress = SILENT
) -> DemoSummary:
    """Make up a listening world and write its history and its audio features.

    Parameters
    ----------
    history_dir, features_dir
        Where `Last.fm_data.csv` and `demo_audio_features.csv` go; made if missing. A file that
        is there is replaced, each in one step.
    config
        How big the world is, and its seed.
    progress
        Is told how many listens are written.

    Returns
    -------
    DemoSummary
        What was written.
    """
    of_world, of_people, of_catalogue, of_plays = np.random.SeedSequence(config.seed).spawn(4)
    world = make_world(config, np.random.default_rng(of_world))
    people = make_listeners(world, config, np.random.default_rng(of_people))
    rows = catalogue_rows(world, config.coverage, np.random.default_rng(of_catalogue))
    history, features = history_dir / HISTORY_NAME, features_dir / FEATURES_NAME
    with atomic_path(features) as path:
        rows.write_csv(path)
    with atomic_path(history) as path:
        played = _write_history(path, world, people, config, of_plays, progress)
    return DemoSummary(
        users=config.users,
        songs=config.songs,
        artists=len(world.artist_genre),
        listens=config.listens,
        songs_played=int(played.sum()),
        catalogue_rows=len(rows),
        history=history,
        features=features,
    )


def _write_history(
    path: Path,
    world: World,
    people: Listeners,
    config: DemoConfig,
    seeds: np.random.SeedSequence,
    progress: Progress,
) -> Flags:
    """Write the history, some listeners at a time; return which songs were played."""
    names = usernames(config.users)
    played = np.zeros(config.songs, dtype=np.bool_)
    done = 0
    with path.open("wb") as file, progress.task("Writing the demo", config.listens) as task:
        file.write(HEADER)
        for first, last in _chunks(people.counts):
            rng = np.random.default_rng(seeds.spawn(1)[0])
            plays = make_plays(world, _some(people, first, last), rng)
            respelled = rng.random(len(plays.song)) < config.respelled
            append_rows(history_rows(world, plays, respelled, names[first:last], done), file)
            played[plays.song] = True
            done += len(plays.song)
            task.advance(len(plays.song))
    return played


def _chunks(counts: Ints) -> Iterator[tuple[int, int]]:
    """Cut the listeners into ranges of about `CHUNK_LISTENS` listens."""
    chunk = (np.cumsum(counts) - counts) // CHUNK_LISTENS
    first = np.flatnonzero(np.diff(chunk, prepend=-1))
    yield from zip(first.tolist(), [*first[1:].tolist(), len(counts)], strict=True)


def _some(people: Listeners, first: int, last: int) -> Listeners:
    part = slice(first, last)
    return replace(
        people,
        counts=people.counts[part],
        favourites=people.favourites[part],
        scene=people.scene[part],
        sound=people.sound[part],
    )
