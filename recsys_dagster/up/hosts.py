"""Where servers listen, and how to reach them there."""

import errno
import socket
from contextlib import suppress
from ipaddress import ip_address

from recsys_dagster.errors import RecsysError

LOOPBACK = "127.0.0.1"
_REACHED_AT = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - to reach it, not to listen there


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host.casefold() == "localhost"


def reached_at(host: str) -> str:
    """The host under which this machine reaches what listens on `host`."""
    return _REACHED_AT.get(host, host)


def address(host: str, port: int) -> str:
    """What a browser on this machine takes."""
    name = reached_at(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def answers(host: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((reached_at(host), port), timeout=1).close()
    except OSError:
        return False
    return True


def refuse_unusable(host: str, port: int, hint: str) -> None:
    """Raise `RecsysError` where a server cannot listen; `hint` says how to choose another port."""
    taken = RecsysError(f"Port {port} is taken already. {hint}")
    try:
        _listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise taken from None
        raise RecsysError(
            f"Nothing can listen on port {port} of {host}: {error.strerror or error}. {hint} "
            "Another address is chosen with --host."
        ) from None
    if answers(host, port):  # some systems let two listen, on one address and on all of them
        raise taken


def _listen(host: str, port: int) -> None:
    family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(where)
