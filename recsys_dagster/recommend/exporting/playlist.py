"""A list as JSPF, the JSON form of XSPF (https://www.xspf.org/jspf)."""

import json
from collections.abc import Sequence
from typing import Any

from recsys_dagster.recommend.answer import Recommendation
from recsys_dagster.recommend.exporting.listening import listen_links

TITLE = "Recommended songs"
CREATOR = "recsys"


def to_jspf(songs: Sequence[Recommendation]) -> str:
    """A JSPF playlist; a song's own address is its `identifier`, that of a search its `info`."""
    playlist = {"title": TITLE, "creator": CREATOR, "track": [_track(song) for song in songs]}
    return json.dumps({"playlist": playlist}, ensure_ascii=False, indent=2) + "\n"


def _track(song: Recommendation) -> dict[str, Any]:
    link = listen_links(song.artist, song.title, song.spotify_id)[0]
    where = {"identifier": [link.address]} if link.exact else {"info": link.address}
    return {"title": song.title, "creator": song.artist, **where}
