"""What the fake services have in common: a real server, a log of requests, faults on order."""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

Reply = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    """A request as it came in; the path is split and unquoted, `form` is what was posted.

    `params` has the last value of each name in `query`; `body` is what was posted, as it came.
    """

    path: tuple[str, ...]
    params: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: str = ""


@dataclass(frozen=True)
class Fault:
    """How a request goes wrong; without `body` the right answer is sent, with these changes.

    `body` may be a function of the request.
    """

    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    drop: bool = False
    truncate: bool = False


class FakeService:
    """A server on 127.0.0.1 for the length of a `with` block.

    Attributes
    ----------
    asked
        The requests so far.
    faults
        One for each request to come; None lets it pass.
    before_answer
        Is called with the number of requests so far, before each answer.
    headers
        Come with every answer.
    """

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {}
        self.asked: list[Asked] = []
        self.faults: deque[Fault | None] = deque()
        self.before_answer: Callable[[int], None] = lambda _: None
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, asked: Asked) -> Reply:
        """The right answer."""
        raise NotImplementedError

    def settle(self) -> None:
        """Wait until all is in the log that was asked by those who are gone."""
        address = ("127.0.0.1", self._server.server_port)
        with socket.create_connection(address) as last:  # is taken after all that came before
            last.shutdown(socket.SHUT_WR)
            assert last.recv(1) == b""
        self._server.wait_until_done()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    """A server that knows of how many connections it has not let go."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open, self._changed = 0, threading.Condition()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def wait_until_done(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self._open, timeout=60)


def _fields(encoded: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(encoded).items()}


def _spoken(fault: Fault, asked: Asked) -> Fault:
    """A fault with the body that it has for a request."""
    return replace(fault, body=fault.body(asked)) if callable(fault.body) else fault


def _handler(service: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve("")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _serve(self, body: str) -> None:
            url = urlsplit(self.path)
            path = tuple(unquote(part) for part in url.path.strip("/").split("/"))
            sent = dict(self.headers)
            asked = Asked(path, _fields(url.query), sent, _fields(body), url.query, body)
            service.asked.append(asked)
            service.before_answer(len(service.asked))
            fault = (service.faults.popleft() if service.faults else None) or Fault()
            time.sleep(fault.delay)
            if not fault.drop:
                self._send(*service.answer(asked), _spoken(fault, asked))

        def _send(self, status: int, document: Any, fault: Fault) -> None:
            document = document if fault.body is None else fault.body
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(fault.status or status)
            for name, value in {**service.headers, **fault.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            # Who asked may have been killed, or have lost patience.
            with suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if fault.truncate else body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler
