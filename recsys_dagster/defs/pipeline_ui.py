"""Dagster's webserver, for its own pages alone: `python -m recsys_dagster.defs.pipeline_ui`.

It has no login, and asks nobody where a request comes from. So any page that is open in the same
browser could send it mutations, by an image's address even; and one whose name leads to this
machine (DNS rebinding) could read everything as well. Here such requests are refused.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import load_settings


def refusal(scope: Scope, address: str) -> str | None:
    """Why a request is refused; `None` for one of the pipeline UI itself, or of a program.

    Parameters
    ----------
    scope
        Of the request (ASGI).
    address
        Where the UI is said to be (RECSYS_PIPELINE_URL).
    """
    headers: Mapping[str, str] = Headers(scope=scope)
    host, known = headers.get("host", "").lower(), urlsplit(address)
    if not is_own_name(_hostname(host)) and _hostname(host) != known.hostname:
        return "It was asked under a name that is not its own; RECSYS_PIPELINE_URL can name it."
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() not in {host, known.netloc.lower()}:
        return "It was asked by a page from elsewhere."
    if headers.get("sec-fetch-site") in {"cross-site", "same-site"} and not _is_link(scope):
        return "It was asked by a page from elsewhere."
    return "Questions have to be posted." if _asks_by_address(scope) else None


def is_own_name(name: str | None) -> bool:
    """Whether nobody else can have a name in the DNS: an IP address, or one without a dot."""
    if not name:
        return False
    with suppress(ValueError):
        return bool(ip_address(name))
    return "." not in name.removesuffix(".localhost")


def _hostname(host: str) -> str | None:
    with suppress(ValueError):
        return urlsplit(f"//{host}").hostname
    return None


def _asks_by_address(scope: Scope) -> bool:
    """Whether a GraphQL query stands in the address: old browsers do not say who asks there."""
    question = parse_qs(scope["query_string"].decode("latin-1"))
    got = scope["type"] == "http" and scope["method"] == "GET"
    return got and "query" in question and scope["path"].endswith("/graphql")


def _is_link(scope: Scope) -> bool:
    """Whether somebody follows a link to a page, as the app has them."""
    headers = Headers(scope=scope)
    to = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return to == ("navigate", "document") and scope.get("method") == "GET"


class OwnPagesOnly:
    """Lets requests pass that `refusal` has nothing against."""

    def __init__(self, app: ASGIApp, address: str) -> None:
        self._app, self._address = app, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or a websocket that is to be opened."""
        why = refusal(scope, self._address) if scope["type"] in {"http", "websocket"} else None
        if why is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": why})
        else:
            refused = PlainTextResponse(f"The pipeline UI does not answer this: {why}\n", 403)
            await refused(scope, receive, send)


class GuardedWebserver(DagsterWebserver[Any, Any]):
    """The webserver with `OwnPagesOnly` in front of it."""

    def build_middleware(self) -> list[Middleware]:
        """What requests pass through."""
        guard = Middleware(OwnPagesOnly, address=load_settings().pipeline_url)
        return [guard, *super().build_middleware()]


def main() -> None:
    """Run the command `dagster-webserver`, guarded."""
    try:
        load_settings()
    except RecsysError as error:
        sys.exit(str(error))
    app.DagsterWebserver = GuardedWebserver  # type: ignore[attr-defined]
    cli.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
