"""The services that listening histories are fetched from, as the settings have them."""

from recsys_dagster.listening.services import Lastfm, Listenbrainz, Service, no_key
from recsys_dagster.settings import Settings


def open_service(name: str, settings: Settings) -> Service:
    """Open "lastfm" or "listenbrainz"; close it after use.

    Raises
    ------
    RecsysError
        The service needs a key, and the settings have none.
    """
    if name == Listenbrainz.name:
        token = settings.listenbrainz_token
        secret = token.get_secret_value().strip() if token else None
        return Listenbrainz(secret, settings.listenbrainz_api_url)
    key = settings.lastfm_api_key.get_secret_value().strip() if settings.lastfm_api_key else ""
    if not key:
        raise no_key()
    return Lastfm(key, settings.lastfm_api_url)


def users_of(name: str, settings: Settings) -> tuple[str, ...]:
    """The users of a service whose histories the settings name."""
    return settings.lastfm_users if name == Lastfm.name else settings.listenbrainz_users
