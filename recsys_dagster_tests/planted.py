"""Secrets planted in every secret setting, services that say them back, and the search for them."""

import base64
import json
import sqlite3
import traceback
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import polars as pl

from recsys_dagster_tests.serving import Asked, FakeService, Fault, Reply

# With characters that look otherwise in addresses, in JSON and in HTML.
PLANTED = {
    "LASTFM_API_KEY": "planted/lastfm+key=4711&x",
    "LISTENBRAINZ_TOKEN": "planted/listenbrainz+token=0815",
    "SPOTIPY_CLIENT_SECRET": "planted/spotify+secret=2342",
    "DAGSTER_POSTGRES_PASSWORD": "planted/postgres+password=1337",
    "RECSYS_ALERT_WEBHOOK": "https://127.0.0.1:9/hooks/planted-webhook-1234",
    "SPARK_REMOTE": "sc://127.0.0.1:9/;token=planted-spark-token-6174",
}
PART_OF_REMOTE = "planted-spark-token-6174"
WEBHOOK_PATH = "planted-webhook-1234"


class Trap(FakeService):
    """Where redirects lead; nobody should come."""

    def answer(self, asked: Asked) -> Reply:  # noqa: ARG002
        return 200, {}


def said_back(asked: Asked) -> str:
    """What a service that prints requests for debugging says, its secrets first."""
    told = [asked.headers.get("Authorization", ""), asked.query, asked.body]
    return " ".join(filter(None, told))


def echoes(said: Any = said_back) -> list[Fault]:
    """A request said back in all the shapes in which services write errors."""
    return [
        Fault(401, said),
        Fault(500, lambda asked: said(asked).encode()),
        Fault(403, lambda asked: f"<p>{said(asked)}</p>".encode()),
        Fault(400, lambda asked: {"error": said(asked), "code": 400, "message": said(asked)}),
        Fault(200, lambda asked: {"error": 99, "message": said(asked)}),
        Fault(200, lambda asked: {"error": 11, "message": said(asked)}),  # passes by, says Last.fm
        Fault(403, lambda asked: {"error": {"status": 403, "message": said(asked)}}),
        Fault(400, lambda asked: {"error": "x", "error_description": said(asked)}),
        Fault(429, lambda asked: {"error": {"message": said(asked), "reason": said(asked)}}),
        Fault(200, lambda asked: [said(asked)]),
    ]


def faults(trap: Trap) -> list[Fault]:
    """Everything that goes wrong."""
    there = {"Location": f"{trap.url}/there"}
    broken = [Fault(drop=True), Fault(truncate=True), Fault(200, b"\xff\xfe\x00"), Fault(401)]
    return [*echoes(), *broken, *(Fault(status, {}, there) for status in (302, 307))]


def spelled(secret: str) -> set[bytes]:
    """A secret in lower case, in the spellings that it may be found in."""
    data = secret.encode()
    longer = (base64.b64encode(b"\0" * before + data).decode() for before in range(3))
    inside = {part[4:-4] for part in longer}
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), data.hex()}
    plain |= {json.dumps(secret)[1:-1], repr(secret)[1:-1], *inside}
    plain |= {one.replace("+", "-").replace("/", "_") for one in inside}
    return {one.lower().encode() for one in plain}


def found(text: str | bytes, *secrets: str) -> list[str]:
    """The secrets that are in a text, however they are spelled."""
    data = (text.encode("utf-8", "replace") if isinstance(text, str) else text).lower()
    return [one for one in secrets if any(form in data for form in spelled(one))]


def all_of(error: BaseException | None) -> str:
    """An exception with all that hangs on it, and with the variables of each function called."""
    told = []
    while error is not None:
        called = error.__traceback__ and error.__traceback__.tb_next
        trace = traceback.TracebackException(type(error), error, called, capture_locals=True)
        told += ["".join(trace.format()), repr(error), repr(vars(error)), repr(error.args)]
        error = error.__cause__ or error.__context__
    return "\n".join(told)


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All files below a folder as bytes, and what is compressed in them, unpacked."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            name = file.relative_to(folder).as_posix()
            yield name, name.encode() + b"\n" + file.read_bytes()
            if file.suffix == ".parquet":
                yield name, pl.read_parquet(file).write_ndjson().encode()
            if file.suffix in {".db", ".sqlite"}:
                yield name, b"\n".join(_cells(file))


def _cells(file: Path) -> Iterator[bytes]:
    """Every cell of an SQLite file; Dagster compresses some."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as base:
        for (table,) in base.execute("select name from sqlite_master where type = 'table'"):
            for row in base.execute(f'select * from "{table}"'):  # noqa: S608 - the file's own
                for cell in row:
                    data = cell if isinstance(cell, bytes) else str(cell).encode()
                    yield data
                    with suppress(zlib.error, ValueError):
                        yield zlib.decompress(base64.b64decode(data, validate=True))
