"""Artists and songs that must not be recommended: finding what is meant."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Exclusion
from recsys_dagster.recommend.songs import SongTable

Ids = NDArray[np.int64]


def exclusions(
    table: SongTable, artists: Sequence[str], songs: Sequence[str | int]
) -> tuple[tuple[Exclusion, ...], Ids]:
    """Find artists by name, and songs by id or name.

    What the catalogue does not have is not matched, which is no error: it cannot be recommended.

    Returns
    -------
    exclusions
        One for each name, in their order, the artists first.
    ids
        The songs to leave out, ascending.

    Raises
    ------
    RecsysError
        A name is empty, or is no name at all.
    """
    for what, names in (("artists", artists), ("songs", songs)):
        if isinstance(names, str) or not isinstance(names, Sequence | np.ndarray):
            raise RecsysError(f"Give the {what} to leave out as a list: [{str(names)[:40]!r}].")
    found = [_artist(table, one) for one in artists] + [_song(table, one) for one in songs]
    ids = [np.empty(0, np.int64), *(ids for _, ids in found)]
    return tuple(one for one, _ in found), np.unique(np.concatenate(ids))


def _artist(table: SongTable, name: str) -> tuple[Exclusion, Ids]:
    if not isinstance(name, str):
        raise RecsysError(f"An artist to leave out is a text; got {str(name)[:40]!r}.")
    ids = table.by_artist(name)
    return Exclusion("artist", name, len(ids)), ids


def _song(table: SongTable, song: str | int) -> tuple[Exclusion, Ids]:
    if isinstance(song, str):
        seed = table.resolve(song)
        ids = [seed.song.song_id] if seed.song else []
        return Exclusion("song", song, len(ids), seed.suggestions), np.array(ids, np.int64)
    if isinstance(song, bool) or not isinstance(song, int | np.integer):
        raise RecsysError(f"A song to leave out is a text or a song id; got {str(song)[:40]!r}.")
    ids = [int(song)] if 0 <= song < len(table) else []
    return Exclusion("song", str(song), len(ids)), np.array(ids, np.int64)
