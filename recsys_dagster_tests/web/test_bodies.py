"""Answers that do not come to an end, and what a session has of patience."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from recsys_dagster.web import bodies
from recsys_dagster.web.patience import Patience
from recsys_dagster.web.session import ServiceDownError, Web

pytestmark = pytest.mark.slow

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def sending(send: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers a single request in its own way."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                with suppress(OSError):
                    send(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def problem(url: str, patience: Patience) -> str:
    web = Web("A service", "A_SETTING", 0, patience=patience)
    try:
        with pytest.raises(ServiceDownError) as caught:
            web.get(url, {}, lambda answer: answer)
    finally:
        web.close()
    return caught.value.problem


def test_drips_are_not_waited_for() -> None:
    dripped = list[int]()

    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        for number in range(1000):
            connection.sendall(b" ")
            dripped.append(number)
            time.sleep(0.02)

    with sending(drip) as url:
        said = problem(url, Patience(tries=1, silence=5, whole=0.3))
    assert said == "an answer that does not end"
    assert len(dripped) < 1000


def test_silence_in_the_middle_is_not_waited_for() -> None:
    def stop(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        time.sleep(1)

    with sending(stop) as url:
        assert "broke off" in problem(url, Patience(tries=1, silence=0.2))


def test_an_answer_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LARGEST", 1 << 20)

    def flood(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: 9999999999\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b" " * (1 << 16))

    with sending(flood) as url:
        assert "more than 1 MB" in problem(url, Patience(tries=1))


def test_what_is_sent_elsewhere_is_not_followed() -> None:
    def redirect(connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\nContent-Length: 0\r\n\r\n"
        )

    with sending(redirect) as url:
        web = Web("A service", "A_SETTING", 0)
        assert web.get(url, {}, lambda answer: answer.status) == 302
        assert web.requests == 1
        web.close()
