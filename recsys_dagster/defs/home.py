"""Dagster's home: the folder with its settings and, unless PostgreSQL has it, its history."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_dagster.defs import postgres
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.atomic import write_text
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.trouble import trouble_in_words

if TYPE_CHECKING:
    import dagster as dg

_EARLIER = {"0697aeb012a4badbcb5a5f92ff0f677616edbc849b8fed922b2ef3e0770586a3"}
"""SHA-256 of each dagster.yaml that we gave before: one that nobody has changed is renewed."""


@dataclass(frozen=True, slots=True)
class DagsterHome:
    """Where it is, and what a user has to be told about it."""

    path: Path
    remark: str | None = None


def prepare_dagster_home(layout: Layout) -> DagsterHome:
    """Make Dagster's home, DAGSTER_HOME or a folder in the data folder, and name it there.

    Its dagster.yaml is the user's once it is there. Only the part that names PostgreSQL comes and
    goes with the settings.

    Raises
    ------
    RecsysError
        DAGSTER_HOME is not an absolute path, or PostgreSQL is named and cannot be used.
    """
    settings = load_settings()
    home = settings.dagster_home or layout.dagster
    if not home.is_absolute():
        raise RecsysError(f"DAGSTER_HOME is {str(home)!r}; it must be an absolute path.")
    server = postgres.server_of(settings)
    if server is not None:
        postgres.refuse_unreachable(server)
        os.environ[postgres.PASSWORD] = server.password.get_secret_value()
    home.mkdir(parents=True, exist_ok=True)
    remark = _write_config(home / "dagster.yaml", server)
    os.environ["DAGSTER_HOME"] = str(home)
    return DagsterHome(home, remark)


def _write_config(config: Path, server: postgres.Server | None) -> str | None:
    """Bring dagster.yaml in step with the settings; a remark where the history moves."""
    default = files("recsys_dagster").joinpath("dagster.yaml").read_text(encoding="utf-8")
    before = config.read_text(encoding="utf-8") if config.exists() else default
    rest, was = postgres.split(before)
    if hashlib.sha256(rest.encode()).hexdigest() in _EARLIER:
        rest = default
    part = postgres.storage_part(server)
    after = postgres.joined(rest, part, config)
    moved = config.exists() and part != was
    if after != before or not config.exists():
        write_text(config, after)
    if not moved:
        return None
    place = "SQLite again" if server is None else f"PostgreSQL ({server})"
    return (
        f"Dagster keeps its history in {place} from now on. It starts anew there, also which "
        "schedules and sensors are switched on; tables, models and releases are not touched."
    )


@contextmanager
def open_instance(home: Path) -> "Iterator[dg.DagsterInstance]":
    """Dagster with its storage.

    Raises
    ------
    RecsysError
        It cannot start from what is in its home.
    """
    import dagster as dg

    try:
        instance = dg.DagsterInstance.get()
    except Exception as error:
        if trouble := trouble_in_words(error, load_settings().data_dir):
            raise trouble from error
        raise RecsysError(
            f"Dagster cannot start from {home}: {error}. Correct or delete its dagster.yaml."
        ) from error
    with instance:
        yield instance


@contextmanager
def _flushed_less_often() -> Iterator[None]:
    """Let SQLite force its log to disk whenever it is tidied up, and not at each commit."""
    from sqlalchemy import Engine, event

    def relax(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = NORMAL")

    event.listen(Engine, "connect", relax)
    try:
        yield
    finally:
        event.remove(Engine, "connect", relax)


@contextmanager
def event_log_kept_open(instance: "dg.DagsterInstance", run_id: str) -> Iterator[None]:
    """Keep the files of an SQLite event log open while many events of a run are written.

    Dagster opens a file anew for each event. Whenever its last connection closes, SQLite tidies up,
    which takes about as long as the event. Nor is each event forced to disk: what is lost with the
    power is whole up to some event, and Dagster is told of the rest the next time.
    """
    folder = Path(instance.root_directory, "history", "runs")
    with ExitStack() as kept:
        kept.enter_context(_flushed_less_often())
        for file in (folder / "index.db", folder / f"{run_id}.db"):
            if file.is_file():
                connection = kept.enter_context(closing(sqlite3.connect(file)))
                with suppress(sqlite3.Error):  # whoever writes will say what is wrong with it
                    connection.execute("SELECT name FROM sqlite_master").fetchall()  # opens it
        yield
