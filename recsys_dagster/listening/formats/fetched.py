"""The history that `recsys fetch` writes: JSON lines, a listen each."""

from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster.files.json_items import read_items
from recsys_dagster.files.sample import Sample
from recsys_dagster.listening.formats.json_fields import text_of, time_of_number
from recsys_dagster.listening.formats.json_rows import Row, has_keys, note_on, scan_rows
from recsys_dagster.listening.formats.verdict import judged
from recsys_dagster.spotify_ids import spotify_id_of

_KEYS = ("user", "artist", "title", "album", "listened_at", "spotify_id", "source")
_SERVICES = ("lastfm", "listenbrainz")
_ELSEWHERE = "fetched"


class Fetched:
    """Reads listens that were fetched; each says whose it is, and from which service it came."""

    name = "fetched history"
    version = 1
    rank = 1
    slack = 0

    def recognises(self, sample: Sample) -> bool:
        """Whether an object has the keys of a fetched listen."""
        return has_keys(sample, _KEYS)

    def names_listeners(self, sample: Sample) -> bool:  # noqa: ARG002
        """It does."""
        return True

    def scan(self, sample: Sample, listener: str, workspace: Path) -> pl.LazyFrame:  # noqa: ARG002
        """Open a file lazily; see `HistoryFormat.scan`. A listen of nobody's is left out."""
        rows = scan_rows(read_items(sample.path), _row, "", workspace)
        verdict = judged(rows, _ELSEWHERE)
        sources = rows.select(pl.col("source").fill_null(_ELSEWHERE))
        return pl.concat([verdict.drop("source"), sources], how="horizontal").select(
            verdict.collect_schema().names()
        )


def _row(item: dict[str, Any]) -> Row:
    time = time_of_number(item.get("listened_at"))
    note, example = note_on(time, item.get("listened_at"), "seconds since 1970")
    source = item.get("source")
    return Row(
        user=text_of(item.get("user")),
        artist=text_of(item.get("artist")),
        title=text_of(item.get("title")),
        album=text_of(item.get("album")),
        listened_at=time,
        source=source if source in _SERVICES else _ELSEWHERE,
        spotify_id=spotify_id_of(item.get("spotify_id")),
        note=note,
        example=example,
    )
