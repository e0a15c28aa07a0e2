"""The few requests to Spotify that save a playlist, signed in through PKCE (RFC 7636).

They are our own, with `requests` alone: spotipy keeps tokens in files and writes them into its
log, and none of that may happen to a visitor's. Nothing is asked twice by itself, as a playlist
would then be there twice; and tokens are dropped when the playlist is saved.
"""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import requests
import urllib3

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.web.answers import TryAgain, parse
from recsys_dagster.web.bodies import read_body
from recsys_dagster.web.secrecy import shown

SCOPE = "playlist-modify-private"
AT_ONCE = 100
"""Songs that one request may add."""
_TIMEOUT = (5.0, 10.0)
_WHOLE = 20.0
_TROUBLE = (requests.RequestException, urllib3.exceptions.HTTPError, TryAgain, ValueError)
_PLAYLIST = re.compile(r"[0-9A-Za-z]{1,64}")
_AGAIN = "Spotify did not take the sign-in: it is too old, or was used before. Save again."


def new_verifier() -> str:
    """A secret for one sign-in: 86 characters, of the 43 to 128 that there may be."""
    return secrets.token_urlsafe(64)


def challenge_of(verifier: str) -> str:
    """The half of it that may be seen: BASE64URL(SHA256(verifier)), without padding."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def sign_in_address(settings: Settings, state: str, verifier: str) -> str:
    """Where a visitor signs in, and from where Spotify sends them back."""
    asked = {
        "client_id": settings.spotipy_client_id or "",
        "response_type": "code",
        "redirect_uri": settings.spotipy_redirect_uri,
        "scope": SCOPE,
        "code_challenge_method": "S256",
        "code_challenge": challenge_of(verifier),
        "state": state,
    }
    return f"{settings.spotify_accounts_url.rstrip('/')}/authorize?{urlencode(asked)}"


class Account:
    """A visitor's account, for as long as it takes to save a list.

    Parameters
    ----------
    settings
        The client id and the addresses.
    code, verifier
        What the sign-in brought, and the secret that it was begun with.

    Raises
    ------
    RecsysError
        Spotify does not take the sign-in, or does not answer.
    """

    def __init__(self, settings: Settings, code: str, verifier: str) -> None:
        self._api = settings.spotify_api_url.rstrip("/")
        self._secrets: tuple[str, ...] = (code, verifier)
        self._token = ""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.spotipy_redirect_uri,
            "client_id": settings.spotipy_client_id or "",
            "code_verifier": verifier,
        }
        address = f"{settings.spotify_accounts_url.rstrip('/')}/api/token"
        status, said = self._post(address, data=form)
        if status == 400 and _field(said, "error") == "invalid_grant":
            raise RecsysError(_AGAIN)
        self._refuse_trouble(status, said)
        self._token = str(_field(said, "access_token") or "")
        self._secrets = (self._token, str(_field(said, "refresh_token") or ""), *self._secrets)
        if not self._token:
            raise RecsysError("Spotify gave no token, and did not say why. Save again later.")

    def new_playlist(self, name: str, description: str) -> str:
        """Make a private playlist; gives its id."""
        body = {"name": name, "description": description, "public": False}
        status, said = self._post(f"{self._api}/me/playlists", json=body)
        self._refuse_trouble(status, said)
        found = str(_field(said, "id") or "")
        if not _PLAYLIST.fullmatch(found):
            raise RecsysError("Spotify made a playlist, but did not say which. Look at Spotify.")
        return found

    def add(self, playlist: str, spotify_ids: Sequence[str]) -> None:
        """Add songs to a playlist, in their order."""
        address = f"{self._api}/playlists/{playlist}/items"
        for start in range(0, len(spotify_ids), AT_ONCE):
            some = spotify_ids[start : start + AT_ONCE]
            uris = [f"spotify:track:{one}" for one in some]
            status, said = self._post(address, json={"uris": uris, "position": start})
            self._refuse_trouble(status, said)

    def _post(self, address: str, **content: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            with requests.post(
                address, headers=headers, timeout=_TIMEOUT, allow_redirects=False, stream=True,
                **content,
            ) as answer:  # fmt: skip
                body = read_body(answer.raw, time, time.monotonic() + _WHOLE)
                return answer.status_code, parse(body) or body.decode("utf-8", "replace")
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            TryAgain,
            ValueError,
        ) as error:
            kind = type(error).__name__
        # Raised out here it does not carry the original, which has what was sent in it.
        raise RecsysError(f"Spotify did not answer as it should ({kind}). Save again later.")

    def _refuse_trouble(self, status: int, said: Any) -> None:
        if status in {200, 201}:
            return
        words = shown(_words(said), self._secrets)
        if status == 429:
            raise RecsysError("Spotify was asked too often for now. Save again later.")
        if status == 403:
            raise RecsysError(
                f"Spotify does not allow it ({words}). Whoever runs this app can add you as a user "
                "of it at developer.spotify.com; its owner needs Premium."
            )
        raise RecsysError(f"Spotify refused it: HTTP {status} ({words}).")


def _field(said: Any, name: str) -> Any:
    return said.get(name) if isinstance(said, Mapping) else None


def _words(said: Any) -> str:
    """What an error says, in either of the two shapes that Spotify has, or as bare text."""
    error = _field(said, "error")
    nested = _field(error, "message") if isinstance(error, Mapping) else None
    found = (
        nested or _field(said, "error_description") or (said if isinstance(said, str) else error)
    )
    return str(found or "it did not say why")
