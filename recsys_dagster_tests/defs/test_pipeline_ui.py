"""The pipeline UI answers its own pages and programs, and no page from elsewhere."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from recsys_dagster.defs.pipeline_ui import GuardedWebserver, OwnPagesOnly, is_own_name, refusal

pytestmark = pytest.mark.slow

OWN, ELSEWHERE = "http://127.0.0.1:3000", "https://evil.example"
LINK = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def asked(
    method: str = "POST", path: str = "/graphql", query: str = "", kind: str = "http", **said: str
) -> Scope:
    named = {"host": "127.0.0.1:3000"} | {name.replace("_", "-"): said[name] for name in said}
    headers = [(name.encode(), value.encode()) for name, value in named.items()]
    scope = {"type": kind, "path": path, "query_string": query.encode(), "headers": headers}
    return scope | ({"method": method} if kind == "http" else {})


REFUSED = {
    "a form of another page": asked(origin=ELSEWHERE, query="query=mutation{x}"),
    "a form of a page that hides where it is from": asked(origin="null"),
    "a page of another port": asked(origin="http://127.0.0.1:8000"),
    "an image": asked("GET", query="query=mutation{x}", sec_fetch_site="cross-site"),
    "an image of another port": asked("GET", path="/x", sec_fetch_site="same-site"),
    "an image in an old browser": asked("GET", query="query=mutation{x}"),
    "a frame": asked("GET", "/", sec_fetch_site="cross-site", sec_fetch_mode="navigate",
                     sec_fetch_dest="iframe"),
    "a name that leads here": asked(host="evil.example:3000", origin="http://evil.example:3000"),
    "a name that looks like ours": asked(host="127.0.0.1.evil.example"),
    "no name": asked(host=""),
    "a broken name": asked(host="[::1"),
    "a websocket of another page": asked(kind="websocket", origin=ELSEWHERE),
    "a websocket under another name": asked(kind="websocket", host="evil.example",
                                            origin="http://evil.example"),
}  # fmt: skip
ANSWERED = {
    "itself": asked(origin=OWN, sec_fetch_site="same-origin"),
    "its websocket": asked(kind="websocket", origin=OWN),
    "a program": asked(),
    "a link in the app": asked("GET", "/runs", sec_fetch_site="same-site", **LINK),
    "a link with a question in it": asked("GET", "/assets", query="query=x", **LINK),
    "localhost": asked(host="localhost:3000", origin="http://localhost:3000"),
    "IPv6": asked(host="[::1]:3000", origin="http://[::1]:3000"),
    "the local network": asked(host="192.168.0.7:3000", origin="http://192.168.0.7:3000"),
    "a container": asked(host="pipeline:3000"),
    "the name in the settings": asked(host="Music.example", origin="https://music.example"),
    "behind a proxy that hides the name": asked(origin="https://music.example"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_comes_from_elsewhere_is_refused(name: str) -> None:
    assert refusal(REFUSED[name], OWN) is not None


@pytest.mark.parametrize("name", ANSWERED)
def test_its_own_pages_and_programs_are_answered(name: str) -> None:
    assert refusal(ANSWERED[name], "https://music.example") is None


@pytest.mark.parametrize(
    "name", ["evil.example", "a.b.", "1.2.3", "127.0.0.1.", "x.local", "", None]
)
def test_a_name_that_somebody_else_can_have(name: str | None) -> None:
    assert not is_own_name(name)


def test_the_webserver_is_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_PIPELINE_URL", OWN)
    first, *others = GuardedWebserver.build_middleware(object.__new__(GuardedWebserver))
    assert str(first.cls) == str(OwnPagesOnly)
    assert first.kwargs == {"address": OWN}
    assert others


@pytest.mark.parametrize(
    ("scope", "answer"),
    [
        (REFUSED["an image"], ["http.response.start", "http.response.body"]),
        (REFUSED["a websocket of another page"], ["websocket.close"]),
        (ANSWERED["itself"], ["passed"]),
        ({"type": "lifespan"}, ["passed"]),
    ],
)
def test_what_is_refused_does_not_reach_it(scope: Scope, answer: list[str]) -> None:
    sent: list[Message] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
        await send({"type": "passed"})

    asyncio.run(OwnPagesOnly(app, OWN)(scope, receive, send))
    assert [one["type"] for one in sent] == answer
    assert all(one["status"] == 403 for one in sent if "status" in one)
