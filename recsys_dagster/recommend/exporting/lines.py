"""A list as lines: extended M3U, and text to read."""

import re
from collections.abc import Sequence

from recsys_dagster.recommend.answer import Recommendation
from recsys_dagster.recommend.exporting.listening import listen_links

_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def to_m3u(songs: Sequence[Recommendation]) -> str:
    """An extended M3U list (UTF-8): each song's name, unknown length, and where to listen to it.

    The address is the song's own where its Spotify id is known, else that of a search for it.
    """
    lines = ["#EXTM3U", "#EXTENC:UTF-8"]
    for song in songs:
        lines.append(f"#EXTINF:-1,{_name(song)}")
        lines.append(listen_links(song.artist, song.title, song.spotify_id)[0].address)
    return "\n".join(lines) + "\n"


def to_text(songs: Sequence[Recommendation]) -> str:
    """One line a song: `1. Artist - Title`."""
    return "".join(f"{song.rank}. {_name(song)}\n" for song in songs)


def _name(song: Recommendation) -> str:
    return " ".join(_BREAKING.sub(" ", f"{song.artist} - {song.title}").split())
