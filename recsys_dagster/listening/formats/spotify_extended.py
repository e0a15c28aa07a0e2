"""Spotify's extended streaming history: all plays since the account began."""

from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster.files.json_items import read_items
from recsys_dagster.files.sample import Sample
from recsys_dagster.listening.formats.json_fields import (
    is_true,
    is_unknown,
    ms_of,
    text_of,
    time_of_text,
)
from recsys_dagster.listening.formats.json_rows import (
    UNKNOWN_ARTIST,
    Row,
    has_keys,
    note_on,
    scan_rows,
)
from recsys_dagster.listening.formats.verdict import judged
from recsys_dagster.spotify_ids import spotify_id_of

_KEYS = ("ts", "ms_played", "master_metadata_track_name")
_PODCAST = ("episode_name", "episode_show_name", "spotify_episode_uri")
_AUDIOBOOK = (
    "audiobook_title",
    "audiobook_uri",
    "audiobook_chapter_uri",
    "audiobook_chapter_title",
)
_SHORT = 30_000
_STOPPED = frozenset(
    {
        "fwdbtn", "backbtn", "clickrow", "endplay", "playbtn", "remote", "logout", "popup",
        "trackerror", "unexpected-exit", "unexpected-exit-while-paused", "appload", "unknown",
    }
)  # fmt: skip
"""Why a play ends that does not end with its track, as ListenBrainz' importer has it."""


class SpotifyExtended:
    """Reads one file of the extended history, one listener's.

    `ts` is the end of the play, so that `ms_played` before it is the start; where the milliseconds
    are not plausible, the end stands for the start. Of all that the file tells about its
    listener - addresses, devices, places - nothing is taken.
    """

    name = "Spotify extended history"
    version = 1
    rank = 0
    slack = 60

    def recognises(self, sample: Sample) -> bool:
        """Whether an object has the keys of a play."""
        return has_keys(sample, _KEYS)

    def names_listeners(self, sample: Sample) -> bool:  # noqa: ARG002
        """Old files do, with the name of an account: the folder's is the one to go by."""
        return False

    def scan(self, sample: Sample, listener: str, workspace: Path) -> pl.LazyFrame:
        """Open a file lazily; see `HistoryFormat.scan`."""
        rows = scan_rows(read_items(sample.path), _row, listener, workspace)
        return judged(rows, "spotify_extended")


def _row(item: dict[str, Any]) -> Row:
    ms = ms_of(item.get("ms_played"))
    end = time_of_text(item.get("ts"))
    note, example = note_on(end, item.get("ts"), "2020-04-11T00:27:53Z")
    return Row(
        artist=text_of(item.get("master_metadata_album_artist_name")),
        title=text_of(item.get("master_metadata_track_name")),
        album=text_of(item.get("master_metadata_album_album_name")),
        listened_at=None if end is None else end - 1_000 * (ms or 0),
        ms_played=ms,
        spotify_id=spotify_id_of(item.get("spotify_track_uri")),
        csv_problem=_problem(item, ms),
        note=note,
        example=example,
    )


def _problem(item: dict[str, Any], ms: int | None) -> str | None:
    if is_true(item.get("incognito_mode")):
        return "a private session"
    if not item.get("master_metadata_track_name"):
        if any(item.get(key) for key in _PODCAST):
            return "a podcast"
        if any(item.get(key) for key in _AUDIOBOOK):
            return "an audiobook"
    if is_unknown(item.get("master_metadata_album_artist_name")):
        return UNKNOWN_ARTIST
    if ms is not None and ms < _SHORT and _was_stopped(item):
        return "under 30 s and skipped"
    return None


def _was_stopped(item: dict[str, Any]) -> bool:
    reason = item.get("reason_end")
    return is_true(item.get("skipped")) or not isinstance(reason, str) or reason in _STOPPED
