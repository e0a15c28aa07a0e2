"""The history formats that are recognised, in the order in which they are tried."""

from recsys_dagster.listening.formats.base import HistoryFormat
from recsys_dagster.listening.formats.delimited import Lastfm1K, LastfmCsv, LastfmToCsv
from recsys_dagster.listening.formats.fetched import Fetched
from recsys_dagster.listening.formats.listenbrainz import ListenBrainz
from recsys_dagster.listening.formats.spotify_basic import SpotifyBasic
from recsys_dagster.listening.formats.spotify_extended import SpotifyExtended

FORMATS: tuple[HistoryFormat, ...] = (
    Fetched(),
    SpotifyExtended(),
    SpotifyBasic(),
    ListenBrainz(),
    LastfmToCsv(),
    Lastfm1K(),
    LastfmCsv(),
)

__all__ = ["FORMATS", "HistoryFormat"]
