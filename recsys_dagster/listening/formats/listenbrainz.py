"""ListenBrainz' export: JSON lines by month, or the one array of the old export."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster.files.json_items import read_items
from recsys_dagster.files.sample import Sample
from recsys_dagster.listening.formats.json_fields import text_of, time_of_number
from recsys_dagster.listening.formats.json_rows import (
    Row,
    has_keys,
    note_on,
    objects_of,
    scan_rows,
)
from recsys_dagster.listening.formats.verdict import judged
from recsys_dagster.spotify_ids import spotify_id_of

_FIRST_KEYS = ("listened_at", "inserted_at", "track_metadata", "user_name")


class ListenBrainz:
    """Reads a file of listens, of one listener or of those that `user_name` names.

    How long a song was played is not told: the durations there are the songs' own. What players
    add is not validated by anybody, so each part of it may be anything.
    """

    name = "ListenBrainz export"
    version = 1
    rank = 1
    slack = 0

    def recognises(self, sample: Sample) -> bool:
        """Whether an object has the keys of a listen."""
        return has_keys(sample, ("listened_at", "track_metadata"))

    def names_listeners(self, sample: Sample) -> bool:
        """Whether the first listen has a user's name."""
        listens = [item for item in objects_of(sample) if "track_metadata" in item]
        return any(text_of(item.get("user_name")) for item in listens[:1])

    def scan(self, sample: Sample, listener: str, workspace: Path) -> pl.LazyFrame:
        """Open a file lazily; see `HistoryFormat.scan`."""
        rows = scan_rows(read_items(sample.path, _FIRST_KEYS), _row, listener, workspace)
        return judged(rows, "listenbrainz")


def _row(item: dict[str, Any]) -> Row:
    track = object_of(item.get("track_metadata"))
    time = time_of_number(item.get("listened_at"))
    note, example = note_on(time, item.get("listened_at"), "seconds since 1970")
    return Row(
        user=text_of(item.get("user_name")),
        artist=text_of(track.get("artist_name")),
        title=text_of(track.get("track_name")),
        album=text_of(track.get("release_name")),
        listened_at=time,
        spotify_id=spotify_id_in(track),
        note=note,
        example=example,
    )


def spotify_id_in(track: dict[str, Any]) -> str | None:
    """The id in the `track_metadata` of a listen, in whichever place has one."""
    return next(filter(None, map(spotify_id_of, _addresses(track))), None)


def _addresses(track: dict[str, Any]) -> Iterator[Any]:
    """Where the song may be found, the player's own word first."""
    added = object_of(track.get("additional_info"))
    yield added.get("spotify_id")
    yield added.get("origin_url")
    relations = object_of(track.get("mbid_mapping")).get("url_rels")
    if isinstance(relations, list):
        yield from (object_of(relation).get("url") for relation in relations)


def object_of(value: Any) -> dict[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
