"""Spotify as it behaves: two hosts, two shapes of errors, and a search that finds too much."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from recsys_dagster_tests.serving import Asked, FakeService, Fault, Reply

CLIENT_ID, SECRET = "client-4711", "hush-0815-hush"
PREMIUM = b"Active premium subscription required for the owner of the app"
QUOTA = {"error": {"status": 429, "message": "Too many requests", "reason": "QUOTA_EXCEEDED"}}
SLOW_DOWN = {"error": {"status": 429, "message": "API rate limit exceeded"}}


def quota(retry_after: str | None = "86400") -> Fault:
    """The answer when the quota is used up."""
    return Fault(429, QUOTA, {"Retry-After": retry_after} if retry_after else {})


def slow_down(retry_after: str | None) -> Fault:
    """The answer to too many requests."""
    return Fault(429, SLOW_DOWN, {"Retry-After": retry_after} if retry_after else {})


def track_id(number: int) -> str:
    """An id in the form of Spotify's."""
    return f"{number:022d}"


def sound(number: int) -> dict[str, Any]:
    """The features of a track, as Spotify writes them."""
    return {
        "acousticness": 0.00242, "danceability": 0.585, "duration_ms": 237_040 + number,
        "energy": 0.842, "instrumentalness": 0.00686, "key": number % 12, "liveness": 0.0866,
        "loudness": -5.883, "mode": 0, "speechiness": 0.0556, "tempo": 118.211,
        "time_signature": 4, "valence": (number % 100) / 100, "id": track_id(number),
        "type": "audio_features", "uri": f"spotify:track:{track_id(number)}",
        "analysis_url": f"https://api.spotify.com/v1/audio-analysis/{track_id(number)}",
    }  # fmt: skip


@dataclass(frozen=True)
class Track:
    """A track of the fake; `features` is None where it has none."""

    number: int
    artists: Sequence[str]
    title: str
    album: str = "An album"
    features: dict[str, Any] | None = field(default=None)

    @property
    def id(self) -> str:
        return track_id(self.number)

    @cached_property
    def words(self) -> set[str]:
        return set(" ".join((*self.artists, self.title)).lower().split())

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "name": self.title, "type": "track", "is_local": False,
            "artists": [{"name": name, "type": "artist"} for name in self.artists],
            "album": {"name": self.album, "album_type": "album"},
            "duration_ms": 299_560, "external_ids": {"isrc": "GBAYE9700106"},
        }  # fmt: skip


class FakeAccounts(FakeService):
    """Gives tokens for `CLIENT_ID` with `SECRET`."""

    def __init__(self) -> None:
        super().__init__()
        self.good: set[str] = set()
        self.given = 0
        self.expires_in = 3600

    def answer(self, asked: Asked) -> Reply:
        if asked.path != ("api", "token"):
            return 404, {"error": "not_found"}
        if asked.form.get("grant_type") != "client_credentials":
            return 400, {
                "error": "unsupported_grant_type",
                "error_description": "grant_type parameter is missing",
            }
        if asked.headers.get("Authorization") != f"Basic {_basic(CLIENT_ID, SECRET)}":
            return 400, {
                "error": "invalid_client",
                "error_description": "Invalid client secret",
            }
        self.given += 1
        token = f"BQ-token-{self.given}"
        self.good.add(token)
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}


class FakeSpotify(FakeService):
    """Serves `/v1/search` and `/v1/audio-features`.

    Attributes
    ----------
    accounts
        The host that gives the tokens.
    tracks
        What there is.
    extended
        Whether the account still gets audio features.
    """

    def __init__(self, *tracks: Track) -> None:
        super().__init__()
        self.accounts = FakeAccounts()
        self.tracks = {track.id: track for track in tracks}
        self.extended = True

    @property
    def searches(self) -> list[str]:
        """The texts that were searched for."""
        return [asked.params["q"] for asked in self.asked if asked.path[-1] == "search"]

    @property
    def features_asked(self) -> list[list[str]]:
        """The ids that features were asked of, call by call."""
        paths = ("v1", "audio-features")
        return [asked.params["ids"].split(",") for asked in self.asked if asked.path == paths]

    def answer(self, asked: Asked) -> Reply:
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.accounts.good:
            return _error(401, "The access token expired")
        if asked.path == ("v1", "search"):
            return self._search(asked)
        if asked.path == ("v1", "audio-features"):
            return self._audio_features(asked)
        return _error(404, "Resource not found")

    def _search(self, asked: Asked) -> Reply:
        limit, query = int(asked.params.get("limit", "5")), asked.params.get("q", "")
        if limit > 10:
            return _error(400, "Invalid limit")
        if not query.strip():
            return _error(400, "No search query")
        if asked.params.get("type") != "track":
            return _error(400, "Missing parameter type")
        found = self.nearest(set(query.lower().split()))[:limit]
        items = [None, *(track.to_json() for track in found)][:limit]
        return 200, {"tracks": {"items": items, "total": 2, "limit": limit, "next": None}}

    def nearest(self, words: set[str]) -> list[Track]:
        """The tracks with most of these words first, those with none of them last."""
        return sorted(self.tracks.values(), key=lambda one: -len(words & one.words))

    def _audio_features(self, asked: Asked) -> Reply:
        if not self.extended:
            return 403, {"error": {"status": 403}}
        ids = asked.params["ids"].split(",")
        if len(ids) > 100 or any(one.startswith("z") for one in ids):
            return _error(400, "Invalid base62 id")
        return 200, {"audio_features": [self._features(one) for one in ids]}

    def _features(self, one: str) -> dict[str, Any] | None:
        return self.tracks[one].features if one in self.tracks else None


def _basic(client_id: str, secret: str) -> str:
    return base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def _error(status: int, message: str) -> Reply:
    return status, {"error": {"status": status, "message": message}}
