"""Listening histories from services: Last.fm and ListenBrainz."""

from recsys_dagster.listening.services.base import Service
from recsys_dagster.listening.services.fetching import Fetched, fetch_history
from recsys_dagster.listening.services.lastfm import Lastfm, no_key
from recsys_dagster.listening.services.listenbrainz import Listenbrainz
from recsys_dagster.web.session import ServiceDownError

__all__ = [
    "Fetched",
    "Lastfm",
    "Listenbrainz",
    "Service",
    "ServiceDownError",
    "fetch_history",
    "no_key",
]
