"""Keys and tokens stay out of messages, logs and what services send back."""

import base64
import html
import json
import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from recsys_dagster.masking import MASK, masked

_KEY = re.compile(r"(api_key=)[^&\s\"']+")
_SHOWN = 160
_TOO_SHORT = 8
"""A text of fewer characters is no secret that could be told from other text in an answer."""


class Secrets:
    """Texts that must not be told, also where they come back in another spelling.

    Known are those that echoes have: as in an address, in JSON, in HTML, in hexadecimal digits, and
    in base64, alone or inside of something longer as in `Authorization: Basic`.

    Parameters
    ----------
    texts
        The secrets; empty ones are none.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = tuple(dict.fromkeys(filter(None, texts)))
        self._any = _pattern(self._texts)
        self._long = _pattern(text for text in self._texts if len(text) >= _TOO_SHORT)

    def __add__(self, texts: Iterable[str]) -> "Secrets":
        return Secrets((*self._texts, *texts))

    def out_of(self, text: str) -> str:
        """A message without them."""
        return self._any.sub(MASK, text) if self._any else text

    def out_of_body(self, body: bytes) -> bytes:
        """An answer without them: what a service sends back must not become data."""
        if self._long is None:
            return body
        text = body.decode("utf-8", "surrogateescape")
        return self._long.sub(MASK, text).encode("utf-8", "surrogateescape")


def shown(said: Any, secrets: Iterable[str]) -> str:
    """What a service said, fit for a message: short, on one line, without secrets."""
    words = masked(Secrets(secrets).out_of(" ".join(str(said).split())))
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"


def _pattern(texts: Iterable[str]) -> re.Pattern[str] | None:
    spelled = sorted({one for text in texts for one in _spellings(text)}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, spelled)), re.IGNORECASE) if spelled else None


def _spellings(text: str) -> Iterator[str]:
    data = text.encode("utf-8", "replace")
    yield from (text, quote(data, safe=""), quote(data), quote_plus(data), data.hex())
    yield from (html.escape(text), json.dumps(text)[1:-1], repr(text)[1:-1])
    for before in range(3 if len(data) >= _TOO_SHORT else 0):  # base64 takes three bytes at a time
        padded = base64.b64encode(bytes(before) + data).rstrip(b"=").decode("ascii")
        start, spare = (0, 2, 3)[before], (before + len(data)) % 3
        inner = padded[start : len(padded) - bool(spare)]  # the ends depend on the neighbours
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


class _WithoutSecrets(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.secrets = Secrets()

    def filter(self, record: logging.LogRecord) -> bool:
        said = self.secrets.out_of(record.getMessage())
        record.msg, record.args = _KEY.sub(rf"\1{MASK}", said), None
        return True


_WITHOUT_SECRETS = _WithoutSecrets()


def keep_out_of_logs(secrets: Iterable[str] = ()) -> None:
    """Take secrets out of what `requests` has logged: the address of a request may hold one."""
    _WITHOUT_SECRETS.secrets += secrets
    for name in ("urllib3.connectionpool", "urllib3.connection"):
        logging.getLogger(name).addFilter(_WITHOUT_SECRETS)
