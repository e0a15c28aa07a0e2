"""A list saved as a playlist: begun, left for the sign-in, and finished on the way back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recsys_dagster.errors import RecsysError
from recsys_dagster.playlists.spotify import Account, new_verifier, sign_in_address
from recsys_dagster.playlists.wishes import Wish, Wishes
from recsys_dagster.settings import Settings
from recsys_dagster.spotify_ids import is_spotify_id

LONGEST_NAME = 100
_DESCRIPTION = "Made from your own listening history."
_DENIED = "access_denied"


@dataclass(frozen=True, slots=True)
class Saved:
    """A playlist that was saved: where it is, its name and how many songs it has.

    `back` is the address that the visitor left.
    """

    address: str
    name: str
    songs: int
    back: Mapping[str, str]


def is_on(settings: Settings) -> bool:
    """Whether lists can be saved: only where somebody has set a client id."""
    return bool(settings.spotipy_client_id and settings.spotipy_client_id.strip())


def begin(
    wishes: Wishes,
    settings: Settings,
    name: str,
    spotify_ids: Sequence[str],
    browser: str | None = None,
    back: Mapping[str, str] | None = None,
) -> str:
    """Keep what is to be saved, and give the address at which the visitor signs in.

    Raises
    ------
    RecsysError
        Nothing can be saved.
    """
    ids = tuple(dict.fromkeys(one for one in spotify_ids if is_spotify_id(one)))
    if not is_on(settings) or not ids:
        raise RecsysError("None of these songs is known on Spotify, so there is nothing to save.")
    title = " ".join(name.split())[:LONGEST_NAME] or "Recommended songs"
    wish = Wish(title, ids, new_verifier(), browser, dict(back or {}))
    return sign_in_address(settings, wishes.keep(wish), wish.verifier)


def finish(
    wishes: Wishes, settings: Settings, brought: Mapping[str, str], browser: str | None = None
) -> Saved:
    """Save the playlist that a visitor comes back for.

    Parameters
    ----------
    brought
        What the address had: `state`, and `code` or `error`.

    Raises
    ------
    RecsysError
        The sign-in was not begun here, is too old, was refused, or Spotify does not take it.
    """
    wish = wishes.take(brought.get("state", ""), browser)
    if wish is None:
        raise RecsysError(
            "This sign-in was not begun here, was used already, or took too long. Nothing was "
            "saved. Save again."
        )
    if error := brought.get("error"):
        why = "you did not allow it" if error == _DENIED else "Spotify did not sign you in"
        raise RecsysError(f"Nothing was saved: {why}.")
    account = Account(settings, brought.get("code", ""), wish.verifier)
    playlist = account.new_playlist(wish.name, _DESCRIPTION)
    try:
        account.add(playlist, wish.spotify_ids)
    except RecsysError as error_:
        raise RecsysError(
            f"The playlist {wish.name!r} was made, but not all songs came into it. {error_}"
        ) from None
    address = f"https://open.spotify.com/playlist/{playlist}"
    return Saved(address, wish.name, len(wish.spotify_ids), wish.back)
