"""The streaming history in Spotify's account data: the plays of the last year."""

from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster.files.json_items import read_items
from recsys_dagster.files.sample import Sample
from recsys_dagster.listening.formats.json_fields import is_unknown, ms_of, text_of, time_of_text
from recsys_dagster.listening.formats.json_rows import (
    UNKNOWN_ARTIST,
    Row,
    has_keys,
    note_on,
    scan_rows,
)
from recsys_dagster.listening.formats.verdict import judged

_MUSIC = ("endTime", "msPlayed", "artistName", "trackName")
_PODCAST = ("endTime", "msPlayed", "podcastName", "episodeName")
_SHORT = 30_000


class SpotifyBasic:
    """Reads one file of the account data, one listener's; podcasts are all left out.

    `endTime` is the minute in which the play ended, in UTC; `msPlayed` before it is the start.
    Why a play ended is not told, so a short one is taken for skipped.
    """

    name = "Spotify account data"
    version = 1
    rank = 3
    slack = 60

    def recognises(self, sample: Sample) -> bool:
        """Whether an object has the keys of a play, of music or of a podcast."""
        return has_keys(sample, _MUSIC, _PODCAST)

    def names_listeners(self, sample: Sample) -> bool:  # noqa: ARG002
        """It does not."""
        return False

    def scan(self, sample: Sample, listener: str, workspace: Path) -> pl.LazyFrame:
        """Open a file lazily; see `HistoryFormat.scan`."""
        rows = scan_rows(read_items(sample.path), _row, listener, workspace)
        return judged(rows, "spotify_basic")


def _row(item: dict[str, Any]) -> Row:
    ms = ms_of(item.get("msPlayed"))
    end = time_of_text(item.get("endTime"))
    note, example = note_on(end, item.get("endTime"), "2024-01-05 14:23")
    return Row(
        artist=text_of(item.get("artistName")),
        title=text_of(item.get("trackName")),
        listened_at=None if end is None else end - 1_000 * (ms or 0),
        ms_played=ms,
        csv_problem=_problem(item, ms),
        note=note,
        example=example,
    )


def _problem(item: dict[str, Any], ms: int | None) -> str | None:
    if not item.get("trackName") and (item.get("podcastName") or item.get("episodeName")):
        return "a podcast"
    if is_unknown(item.get("artistName")):
        return UNKNOWN_ARTIST
    if ms is not None and ms < _SHORT:
        return "under 30 s, so most likely skipped"
    return None
