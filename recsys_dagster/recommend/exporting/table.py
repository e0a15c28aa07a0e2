"""A list as CSV (RFC 4180)."""

import csv
import io
from collections.abc import Sequence

from recsys_dagster.recommend.answer import Recommendation
from recsys_dagster.recommend.exporting.listening import listen_links

COLUMNS = ("rank", "artist", "title", "sources", "listen", "song_id")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell that begins so for."""


def to_csv(songs: Sequence[Recommendation]) -> str:
    """One line a song, best first, under a line of names.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([harmless(str(cell)) for cell in _row(song)] for song in songs)
    return text.getvalue()


def harmless(cell: str) -> str:
    """A text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> harmless("=1+1"), harmless("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell


def _row(song: Recommendation) -> tuple[object, ...]:
    link = listen_links(song.artist, song.title, song.spotify_id)[0].address
    return song.rank, song.artist, song.title, " ".join(song.sources), link, song.song_id
