"""The history formats that are recognised, in the order in which they are tried."""

from recsys_dagster.listening.formats.base import HistoryFormat
from recsys_dagster.listening.formats.lastfm_csv import LastfmCsv

FORMATS: tuple[HistoryFormat, ...] = (LastfmCsv(),)

__all__ = ["FORMATS", "HistoryFormat", "LastfmCsv"]
