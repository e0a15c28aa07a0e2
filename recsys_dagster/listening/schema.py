"""The one schema that every listening history comes down to."""

import polars as pl

READ_SCHEMA = pl.Schema(
    {
        "user": pl.String(),
        "artist": pl.String(),
        "title": pl.String(),
        "album": pl.String(),
        "listened_at": pl.Datetime("us", "UTC"),
        "ms_played": pl.Int64(),
        "source": pl.String(),
        "spotify_id": pl.String(),
    }
)
"""What readers give. Times are the start of play in UTC, missing where the clock was unset."""

LISTENS_SCHEMA = pl.Schema({**READ_SCHEMA, "burst": pl.Boolean()})
"""Columns of `listens`; `burst` marks the repeats that cannot have been played."""

LEFT_OUT = "left_out"
"""Row of a scanned history: why it is no listen, or null."""
NOTE = "note"
"""Row of a scanned history: what could not be read of a listen that is kept, or null."""
EXAMPLE = "example"
"""Row of a scanned history: the text that a reason or note is about."""
