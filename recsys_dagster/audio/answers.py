"""What services have answered, on disk before the next question goes out.

One SQLite file a service, through SQLAlchemy: an answer is kept under its kind ("id of a title",
"features of an id") and key, with the time and the expiry, so no question is asked twice while
its answer is good. The file also remembers until when a service does not want to be asked.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects.sqlite import insert

from recsys_dagster.errors import RecsysError
from recsys_dagster.web.terms import latest

_AT_ONCE = 500
_DAMAGED = object()
_TABLES = sql.MetaData()
_ANSWERS = sql.Table(
    "answers",
    _TABLES,
    sql.Column("kind", sql.String, primary_key=True),
    sql.Column("key", sql.String, primary_key=True),
    sql.Column("answer", sql.String, nullable=False),
    sql.Column("source", sql.String, nullable=False),
    sql.Column("asked_at", sql.Float, nullable=False),
    sql.Column("expires_at", sql.Float, nullable=False),
    sqlite_with_rowid=False,
)
_BLOCKS = sql.Table(
    "blocks",
    _TABLES,
    sql.Column("what", sql.String, primary_key=True),
    sql.Column("until", sql.Float, nullable=False),
    sql.Column("reason", sql.String, nullable=False),
)
_KEEP = insert(_ANSWERS).prefix_with("OR REPLACE")


class Answers:
    """The answers of one service.

    Parameters
    ----------
    path
        The SQLite file; made when something is kept.
    source
        The service's name, which stands beside each answer.
    clock
        Gives unix seconds.
    """

    def __init__(self, path: Path, source: str, clock: Any = time) -> None:
        self._path, self._source, self._clock = path, source, clock
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sql.create_engine(f"sqlite:///{path}")
        sql.event.listen(self._engine, "connect", _make_durable)
        try:
            _TABLES.create_all(self._engine)
        except sql.exc.DatabaseError as error:
            self._engine.dispose()
            raise _unreadable(path, error.orig) from None
        self._connection = self._engine.connect()
        try:
            self._drop_expired()
        except sql.exc.DatabaseError as error:
            self.close()
            raise _unreadable(path, error.orig) from None

    def _drop_expired(self) -> None:
        """What has expired must not stay: terms of services ask for that."""
        self._connection.execute(sql.delete(_ANSWERS).where(sql.not_(self._ahead(_ANSWERS))))
        self._connection.commit()

    def _ahead(self, table: sql.Table) -> sql.ColumnElement[bool]:
        """What is good still, and by a clock that was right."""
        until, now = table.c["expires_at" if table is _ANSWERS else "until"], self._now()
        return sql.and_(until > now, until <= latest(now))

    def check(self) -> None:
        """Raise `RecsysError` where the file does not hang together."""
        try:
            found = self._connection.exec_driver_sql("PRAGMA quick_check").scalar()
            self._connection.rollback()
        except sql.exc.DatabaseError as error:
            raise _unreadable(self._path, error) from None
        if found != "ok":
            raise _unreadable(self._path, found)

    def known(self, kind: str, keys: Sequence[str]) -> dict[str, Any]:
        """The answers that are there and have not expired, by key."""
        good = self._rows(kind, keys, _ANSWERS.c.answer, self._ahead(_ANSWERS))
        return {key: answer for key, text in good if (answer := _parsed(text)) is not _DAMAGED}

    def expiry(self, kind: str, keys: Sequence[str]) -> dict[str, float]:
        """Until when answers are good, by key, in unix seconds."""
        return dict(self._rows(kind, keys, _ANSWERS.c.expires_at, sql.true()))

    def _now(self) -> float:
        return float(self._clock.time())

    def _rows(
        self, kind: str, keys: Sequence[str], column: sql.Column[Any], only: Any
    ) -> Iterator[tuple[str, Any]]:
        """Keys with a column, as many at once as a query takes."""
        for start in range(0, len(keys), _AT_ONCE):
            asked = _ANSWERS.c.key.in_(keys[start : start + _AT_ONCE])
            query = sql.select(_ANSWERS.c.key, column).where(_ANSWERS.c.kind == kind, asked, only)
            yield from ((key, value) for key, value in self._connection.execute(query))
        self._connection.rollback()

    def keep(self, kind: str, answers: Mapping[str, Any], seconds: float) -> None:
        """Keep answers for some seconds; when this returns they are on disk."""
        now = self._now()
        rows = [
            {
                "kind": kind, "key": key, "answer": json.dumps(answer), "source": self._source,
                "asked_at": now, "expires_at": now + seconds,
            }
            for key, answer in answers.items()
        ]  # fmt: skip
        if rows:
            self._connection.execute(_KEEP, rows)
            self._connection.commit()

    def block(self, what: str, until: float, reason: str) -> None:
        """Remember until when (unix seconds) not to ask for something, and why."""
        row = {"what": what, "until": until, "reason": reason}
        self._connection.execute(insert(_BLOCKS).prefix_with("OR REPLACE"), row)
        self._connection.commit()

    def blocked_until(self, what: str) -> tuple[float, str] | None:
        """Until when something must not be asked for, and why; None if it may be."""
        row = self._connection.execute(
            sql.select(_BLOCKS.c.until, _BLOCKS.c.reason).where(
                _BLOCKS.c.what == what, self._ahead(_BLOCKS)
            )
        ).first()
        self._connection.rollback()
        return (float(row.until), str(row.reason)) if row else None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._engine.dispose()


def drop_expired(folder: Path, clock: Any = time) -> list[str]:
    """Delete from every file of answers what has expired, whether its source is asked or not.

    A file that is damaged is deleted whole: nobody can tell any more what in it may be kept.
    Returns in words which. Call it holding the lock.
    """
    lost: list[str] = []
    for path in sorted(folder.glob("*.sqlite")):
        try:
            answers = Answers(path, path.stem, clock)
            try:
                answers.check()
            finally:
                answers.close()
        except RecsysError:
            forget(path)
            lost.append(
                f"The answers of {path.stem} in {path} were damaged and are deleted; "
                "the service is asked again for what is needed."
            )
    return lost


def _parsed(text: str) -> Any:
    """An answer, or that it cannot be read: then it is asked for again."""
    try:
        return json.loads(text)
    except ValueError:
        return _DAMAGED


def forget(path: Path) -> bool:
    """Delete a file of answers with what SQLite keeps beside it; whether there was one."""
    files = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))]
    there = [file for file in files if file.exists()]
    for file in there:
        file.unlink()
    return bool(there)


def _unreadable(path: Path, why: object) -> RecsysError:
    return RecsysError(
        f"The answers kept in {path} cannot be read ({why}). `recsys run` deletes that file; "
        "the service is then asked again."
    )


def _make_durable(connection: Any, _: Iterable[Any]) -> None:
    """Each commit is on disk, and readers do not wait for the writer."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=30000")
    connection.execute("PRAGMA secure_delete=ON")  # what has expired shall not stay in the file
