"""Which listens of several files are the same listen.

A file's time t says that the play began in [t, t + resolution), give or take its slack. Two
listens of one listener and song in different files are the same where these spans meet; between
files of one kind, whose clock is the same, slack does not count. They are matched one to one in
the order of time, so a file's own repeats stay, and what is left is the union: where all files
have the minute, each minute has as many listens as the file that has most.
"""

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.compiling import Function, kept_on_disk

Int64Array = NDArray[np.int64]

UNTIMED = np.int64(-(1 << 60))
"""Stands for no time; listens without one meet each other alone."""


def _compiled(function: Function) -> Function:
    return kept_on_disk(function, nogil=True)


@_compiled
def find_repeated(
    song: Int64Array, file: Int64Array, time: Int64Array, files: Int64Array
) -> NDArray[np.bool_]:
    """Tell which listens another file has already.

    Parameters
    ----------
    song
        Which listener and song, shape (n,); rows of one stand together.
    file
        Which file, ascending within a song: the files to believe most come first.
    time
        Seconds, ascending within a song and file; `UNTIMED` for none.
    files
        Of each file its kind, its resolution and its slack in seconds, shape (files, 3).

    Returns
    -------
    Shape (n,): whether the row is a listen that a file before it has.
    """
    repeated = np.zeros(song.size, np.bool_)
    kept = np.empty(song.size, np.int64)
    merged = np.empty(song.size, np.int64)
    taken = np.zeros(song.size, np.bool_)
    begin = np.empty(song.size, np.int64)
    for one in range(song.size):
        begin[one] = time[one] - files[file[one], 2]
    row = 0
    while row < song.size:
        count, this_song = 0, song[row]
        while row < song.size and song[row] == this_song:
            first, this_file = row, file[row]
            while row < song.size and song[row] == this_song and file[row] == this_file:
                row += 1
            taken[:count] = False
            _match(kept[:count], taken, file, time, files, first, row, repeated, True)
            _match(kept[:count], taken, file, time, files, first, row, repeated, False)
            count = _merge(kept, count, begin, first, row, repeated, merged)
    return repeated


@_compiled
def _match(
    kept: Int64Array,
    taken: NDArray[np.bool_],
    file: Int64Array,
    time: Int64Array,
    files: Int64Array,
    first: int,
    last: int,
    repeated: NDArray[np.bool_],
    of_one_kind: bool,
) -> None:
    """Match rows first to last with those kept, each with one, in the order of time.

    Once with what is of the same kind, without slack, and once with all others: within either,
    the order of time is the order in which spans begin.
    """
    place, row = 0, first
    while place < kept.size and row < last:
        ours, theirs = files[file[row]], files[file[kept[place]]]
        if repeated[row]:
            row += 1
            continue
        if taken[place] or (ours[0] == theirs[0]) != of_one_kind:
            place += 1
            continue
        slack = 0 if of_one_kind else ours[2] + theirs[2]
        other = time[kept[place]]
        if other + theirs[1] + slack <= time[row]:
            place += 1
        elif time[row] + ours[1] + slack <= other:
            row += 1
        else:
            repeated[row] = True
            taken[place] = True
            place += 1
            row += 1


@_compiled
def _merge(
    kept: Int64Array,
    count: int,
    begin: Int64Array,
    first: int,
    last: int,
    repeated: NDArray[np.bool_],
    merged: Int64Array,
) -> int:
    """Add the rows that were not matched to those kept, in the order in which spans begin."""
    place, size = 0, 0
    for row in range(first, last):
        if repeated[row]:
            continue
        while place < count and begin[kept[place]] <= begin[row]:
            merged[size] = kept[place]
            place += 1
            size += 1
        merged[size] = row
        size += 1
    while place < count:
        merged[size] = kept[place]
        place += 1
        size += 1
    kept[:size] = merged[:size]
    return size
