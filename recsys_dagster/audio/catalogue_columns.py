"""Which columns of a catalogue are the artist, the title, the Spotify id and the features."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys_dagster.audio.catalogue_titles import localised
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.errors import RecsysError

_ALIASES: dict[str, tuple[str, ...]] = {
    "artist": ("artist", "artists", "artist_name", "artist_name_s", "artist_names", "track_artist"),
    "title": ("title", "track", "track_name", "name", "song", "song_name", "song_title"),
    "duration_ms": ("duration_ms", "track_duration_ms", "duration"),
    "spotify_id": (
        "track_uri", "spotify_track_uri", "spotify_uri", "uri", "spotify_id", "spotify_track_id",
        "track_id", "id",
    ),
    "artist_ids": ("artist_uri_s", "artist_ids"),
}  # fmt: skip
_WANTED = ("artist", "title", "spotify_id", "artist_ids", *FEATURES)
AUDIO = tuple(name for name in FEATURES if name != "duration_ms")
"""The features that only an analysis of the sound gives. A duration alone makes no catalogue."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a catalogue.

    Attributes
    ----------
    found
        The file's title of `artist`, `title`, the features and, if there is one, `spotify_id`.
    between_artists
        A regular expression of what stands between artists.
    exportify
        Whether Exportify wrote the file: then a line that breaks off lacks features only.
    """

    found: dict[str, str]
    between_artists: str
    exportify: bool


def find_columns(columns: Sequence[str], path: Path) -> Columns:
    """Find the columns by their titles, in English or as exportify.app localises them.

    Raises
    ------
    RecsysError
        There is no artist, no title, or no feature but the duration.
    """
    folded: dict[str, str] = {}
    plain: dict[str, str] = {}
    for column in columns:
        folded.setdefault(column.casefold().strip(), column)
        plain.setdefault(re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_"), column)
    found = localised(folded) or _by_alias(plain)
    if not {"artist", "title"} <= found.keys() or not found.keys() & set(AUDIO):
        raise RecsysError(_refusal(columns, found, path))
    layout = _layout(found, plain)
    found.pop("artist_ids", None)
    return Columns(found, _BETWEEN_ARTISTS[layout], exportify=layout != "any")


_BETWEEN_ARTISTS = {
    "any": r"\s*[;|]\s*|,\s+",
    "exportify.net": ";",
    "exportify.net, older": r",\b",  # a comma within a name has a space after it
    "exportify.app": r", ",  # and a comma within a name a backslash before it
}


def _by_alias(plain: dict[str, str]) -> dict[str, str]:
    found = {}
    for name in _WANTED:
        alias = next((one for one in _ALIASES.get(name, (name,)) if one in plain), None)
        if alias:
            found[name] = plain[alias]
    return found


def _layout(found: dict[str, str], plain: dict[str, str]) -> str:
    if "artist_ids" in found:
        older = {"spotify_id", "artist_ids"} <= plain.keys()
        return "exportify.net, older" if older else "exportify.app"
    return "exportify.net" if {"track_uri", "artist_name_s"} <= plain.keys() else "any"


def _refusal(columns: Sequence[str], found: dict[str, str], path: Path) -> str:
    shown = ", ".join(repr(column[:40]) for column in columns[:12]) or "nothing"
    hint = ""
    if "spotify_id" in found and {"artist", "title"} <= found.keys():
        hint = (
            " If it is from exportify.app, choose 'Include audio features data' in its settings "
            "and export again."
        )
    return (
        f"{path.name}, line 1: this is no catalogue of audio features. Found the columns {shown}; "
        f"expected an artist, a title and features such as energy, valence, tempo.{hint}"
    )
