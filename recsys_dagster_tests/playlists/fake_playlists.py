"""Spotify as it lets a user sign in through PKCE and save playlists; both hosts in one."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from recsys_dagster_tests.serving import Asked, FakeService, Reply

CLIENT_ID = "client-4711"


class FakePlaylists(FakeService):
    """Signs everybody in at once; serves what saving a playlist needs.

    Attributes
    ----------
    redirect_uri
        The one that the app has registered.
    denies
        Whether users press "Cancel".
    playlists
        What was saved: name, whether public, URIs.
    tokens
        All secrets that were given out or taken.
    """

    def __init__(self, redirect_uri: str = "http://127.0.0.1:8501") -> None:
        super().__init__()
        self.redirect_uri = redirect_uri
        self.denies = False
        self.playlists: dict[str, dict[str, Any]] = {}
        self.tokens: set[str] = set()
        self._codes: dict[str, str] = {}
        self._good: set[str] = set()

    def settings(self) -> dict[str, str]:
        """The environment that an app needs to use it."""
        return {
            "SPOTIPY_CLIENT_ID": CLIENT_ID, "SPOTIFY_ACCOUNTS_URL": self.url,
            "SPOTIFY_API_URL": f"{self.url}/v1", "SPOTIPY_REDIRECT_URI": self.redirect_uri,
        }  # fmt: skip

    def visit(self, address: str) -> dict[str, str]:
        """Sign in as a browser would; gives what the app's address has then."""
        return self._authorise(dict(parse_qsl(urlsplit(address).query, strict_parsing=True)))

    def answer(self, asked: Asked) -> Reply:
        self.headers = {}
        if asked.path == ("authorize",):
            back = self._authorise(asked.params)
            self.headers = {"Location": f"{self.redirect_uri}?{urlencode(back)}"}
            return 302, {}
        if asked.path == ("api", "token"):
            return self._token(asked.form)
        if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self._good:
            return 401, {"error": {"status": 401, "message": "Invalid access token"}}
        if asked.path == ("v1", "me", "playlists"):
            return self._create(json.loads(asked.body))
        if asked.path[:2] == ("v1", "playlists") and asked.path[3:] == ("items",):
            return self._add(asked.path[2], json.loads(asked.body))
        return 404, {"error": {"status": 404, "message": "Resource not found"}}

    def _authorise(self, asked: Mapping[str, str]) -> dict[str, str]:
        assert asked["client_id"] == CLIENT_ID
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"] == self.redirect_uri
        assert asked["scope"] == "playlist-modify-private"
        if self.denies:
            return {"error": "access_denied", "state": asked["state"]}
        code = f"AQ-code-{len(self._codes)}"
        self._codes[code] = asked["code_challenge"]
        self.tokens.add(code)
        return {"code": code, "state": asked["state"]}

    def _token(self, form: Mapping[str, str]) -> Reply:
        verifier = form.get("code_verifier", "")
        self.tokens.add(verifier)
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        right = {"grant_type": "authorization_code", "client_id": CLIENT_ID,
                 "redirect_uri": self.redirect_uri}  # fmt: skip
        if any(form.get(name) != value for name, value in right.items()):
            return 400, {"error": "invalid_request", "error_description": "Invalid redirect URI"}
        if self._codes.pop(form.get("code", ""), None) != challenge or len(verifier) < 43:
            return 400, {"error": "invalid_grant", "error_description": "Invalid code"}
        token, refresh = f"BQ-token-{len(self.tokens)}", f"AQ-refresh-{len(self.tokens)}"
        self._good.add(token)
        self.tokens |= {token, refresh}
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600,
                     "refresh_token": refresh, "scope": "playlist-modify-private"}  # fmt: skip

    def _create(self, body: Mapping[str, Any]) -> Reply:
        playlist = f"playlist{len(self.playlists)}"
        self.playlists[playlist] = {"name": body["name"], "public": body["public"], "uris": []}
        return 201, {"id": playlist, "uri": f"spotify:playlist:{playlist}"}

    def _add(self, playlist: str, body: Mapping[str, Any]) -> Reply:
        uris = body["uris"]
        if not 0 < len(uris) <= 100 or playlist not in self.playlists:
            return 400, {"error": {"status": 400, "message": "Invalid limit"}}
        known = self.playlists[playlist]["uris"]
        known[body["position"] : body["position"]] = uris
        return 201, {"snapshot_id": f"snapshot-{len(known)}"}
