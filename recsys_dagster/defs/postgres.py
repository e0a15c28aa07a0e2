"""PostgreSQL as Dagster's storage, by two settings."""

import json
import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings

URL, PASSWORD = "DAGSTER_POSTGRES_URL", "DAGSTER_POSTGRES_PASSWORD"
_EXAMPLE = "postgresql://recsys@127.0.0.1:5432/dagster"
_FIRST = f"# From here to the end mark recsys writes what {URL} says; change the setting."
_LAST = "# The end of what recsys writes."
_OURS = re.compile(rf"\n*^{re.escape(_FIRST)}$.*?^{re.escape(_LAST)}$\n?", re.DOTALL | re.MULTILINE)
_STORAGE = re.compile(r"^(storage|(run|event_log|schedule)_storage)\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Server:
    """A database of a server; shown without its password."""

    host: str
    port: int
    user: str
    database: str
    password: SecretStr
    params: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}:{self.port}/{self.database}"


def server_of(settings: Settings) -> Server | None:
    """The server that the settings name; None where Dagster keeps to SQLite.

    Raises
    ------
    RecsysError
        The address is none, holds a password, or the password is missing.
    """
    if not settings.postgres_url:
        return None
    try:
        parts = urlsplit(settings.postgres_url.strip())
        port = parts.port or 5432
    except ValueError:
        raise _wrong("is no address") from None
    if parts.scheme not in {"postgresql", "postgres"} or not parts.hostname:
        raise _wrong("must begin with postgresql:// and name a host")
    params = dict(parse_qsl(parts.query))
    if parts.password is not None or any("password" in name.lower() for name in params):
        raise _wrong(f"holds a password; put that into {PASSWORD}")
    user, database = unquote(parts.username or ""), unquote(parts.path.strip("/"))
    if not user or not database:
        raise _wrong("must name a user and a database")
    if settings.postgres_password is None:
        raise RecsysError(f"{URL} is set; set {PASSWORD} too.")
    return Server(parts.hostname, port, user, database, settings.postgres_password, params)


def _wrong(what: str) -> RecsysError:
    return RecsysError(f"{URL} {what}. It looks like {_EXAMPLE}")  # the value may hold a secret


def refuse_unreachable(server: Server) -> None:
    """Raise `RecsysError` unless the server lets us into the database."""
    if find_spec("dagster_postgres") is None:
        raise RecsysError(
            f"{URL} is set, but what Dagster needs for PostgreSQL is not installed: "
            "`python3 -m uv sync --extra postgres`, or pip install 'recsys-dagster[postgres]'."
        )
    import psycopg2

    try:
        psycopg2.connect(**_arguments(server)).close()
    except psycopg2.Error as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
    else:
        return
    # Raised out here it does not carry the original, whose variables have the password in them.
    raise RecsysError(
        f"PostgreSQL does not let us in as {server}: {reason}. Check that it runs, and {URL} and "
        f"{PASSWORD}."
    )


def _arguments(server: Server) -> dict[str, Any]:
    where = {"host": server.host, "port": server.port, "dbname": server.database}
    who = {"user": server.user, "password": server.password.get_secret_value()}
    return {"connect_timeout": 10, **where, **who, **server.params}


def split(text: str) -> tuple[str, str]:
    """A dagster.yaml without the part that names PostgreSQL, and that part."""
    ours = _OURS.search(text)
    if ours is None:
        return text, ""
    return f"{text[: ours.start()]}\n{text[ours.end() :]}", ours[0].strip()


def joined(rest: str, part: str, config: Path) -> str:
    """A dagster.yaml with the part that names PostgreSQL, if any.

    Raises
    ------
    RecsysError
        The rest names a storage by itself.
    """
    if not part:
        return rest
    if _STORAGE.search(rest):
        raise RecsysError(
            f"{config} names a storage of its own, and {URL} another. Remove one of them."
        )
    return f"{rest.rstrip()}\n\n{part}\n"


def storage_part(server: Server | None) -> str:
    """What dagster.yaml has to say of the server; nothing of none."""
    return "" if server is None else f"{_FIRST}\n{_storage(server)}{_LAST}"


def _storage(server: Server) -> str:
    """The entry in YAML; the password stays in the environment."""
    literal = {
        "scheme": "postgresql+psycopg2",  # SQLAlchemy 2.1 takes another driver by default
        "username": server.user,
        "hostname": f"[{server.host}]" if ":" in server.host else server.host,
        "port": server.port,
        "db_name": server.database,
        "params": server.params,
    }
    lines = [f"      {name}: {json.dumps(value)}" for name, value in literal.items()]
    secret = f"      password:\n        env: {PASSWORD}"
    return "\n".join(["storage:", "  postgres:", "    postgres_db:", *lines, secret, ""])
