"""A list of recommendations as a file: CSV, M3U, JSPF and text."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from recsys_dagster.recommend.answer import Recommendation
from recsys_dagster.recommend.exporting.lines import to_m3u, to_text
from recsys_dagster.recommend.exporting.listening import Link, listen_links
from recsys_dagster.recommend.exporting.playlist import to_jspf
from recsys_dagster.recommend.exporting.table import to_csv


class Format(NamedTuple):
    """A kind of file: what writes it, and what it is called on the web."""

    write: Callable[[Sequence[Recommendation]], str]
    mime: str


FORMATS: Mapping[str, Format] = {
    "csv": Format(to_csv, "text/csv"),
    "m3u": Format(to_m3u, "audio/x-mpegurl"),
    "jspf": Format(to_jspf, "application/jspf+json"),
    "text": Format(to_text, "text/plain"),
}
"""By name, which is also how the file ends."""

__all__ = ["FORMATS", "Format", "Link", "listen_links"]
