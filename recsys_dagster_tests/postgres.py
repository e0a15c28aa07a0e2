"""A real PostgreSQL server, from Debian's package, for as long as a test needs it."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from recsys_dagster_tests.browsing import free_port

STARTS_WITHIN = 60


@dataclass(frozen=True)
class Database:
    """An empty database of its own, with a password that nobody guesses."""

    port: int
    password: str

    @property
    def url(self) -> str:
        return f"postgresql://recsys@127.0.0.1:{self.port}/dagster"

    def ask(self, query: str, database: str = "dagster") -> list[tuple[Any, ...]]:
        """The rows of a query, or none where it has none."""
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user="recsys", password=self.password, dbname=database
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def wipe(self) -> None:
        """Begin with an empty database again."""
        self.ask("drop database if exists dagster with (force)", "postgres")
        self.ask("create database dagster", "postgres")


@contextmanager
def postgres() -> Iterator[Database]:
    """A server on a port of 127.0.0.1; skips the test where there is none, unless required."""
    programs = _programs()
    if programs is None:
        reason = "there is no PostgreSQL server (Debian's package postgresql)"
        if os.environ.get("RECSYS_REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    database = Database(free_port(), secrets.token_urlsafe(16))
    with tempfile.TemporaryDirectory(prefix="recsys-postgres-") as folder:
        server = _start(programs, Path(folder), database)
        try:
            _wait_for(server, database)
            database.wipe()
            yield database
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(30)


def _programs() -> Path | None:
    """The folder with `initdb` and `postgres`: Debian keeps it off the PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


def _start(programs: Path, folder: Path, database: Database) -> "subprocess.Popen[bytes]":
    data, secret = folder / "data", folder / "password"
    secret.write_text(database.password, encoding="utf-8")
    who = _nobody_important()
    for path in (folder, secret):
        if who:
            shutil.chown(path, who)
    make = ["-U", "recsys", "--auth=scram-sha-256", "-N", "--pwfile", str(secret)]
    subprocess.run(
        [programs / "initdb", "-D", data, *make],
        user=who,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(database.port), *options],
        user=who,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _nobody_important() -> str | None:
    """Whom the server runs as: it refuses to be root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _wait_for(server: "subprocess.Popen[bytes]", database: Database) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            database.ask("select 1", "postgres")
        except psycopg2.OperationalError:
            assert server.poll() is None, "PostgreSQL ended"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
