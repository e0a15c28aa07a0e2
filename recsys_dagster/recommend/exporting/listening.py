"""Where a song can be listened to."""

import re
from typing import NamedTuple
from urllib.parse import quote, urlencode

_SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
_LONGEST = 200


class Link(NamedTuple):
    """A service and an address there; `exact`: of the song itself, not of a search for it."""

    service: str
    address: str
    exact: bool


def listen_links(artist: str, title: str, spotify_id: str | None = None) -> tuple[Link, ...]:
    """The song itself where its Spotify id is known, and searches for it elsewhere.

    Examples
    --------
    >>> [one.address for one in listen_links("AC/DC", "T.N.T. & more")]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['https://open.spotify.com/search/AC%2FDC%20T.N.T.%20%26%20more',
     'https://music.youtube.com/search?q=AC%2FDC+T.N.T.+%26+more']
    """
    words = " ".join(f"{artist} {title}".split())[:_LONGEST]
    youtube = f"https://music.youtube.com/search?{urlencode({'q': words})}"
    if spotify_id and _SPOTIFY_ID.fullmatch(spotify_id):
        spotify = Link("Spotify", f"https://open.spotify.com/track/{spotify_id}", exact=True)
    else:
        address = f"https://open.spotify.com/search/{quote(words, safe='')}"
        spotify = Link("Spotify", address, exact=False)
    return spotify, Link("YouTube Music", youtube, exact=False)
