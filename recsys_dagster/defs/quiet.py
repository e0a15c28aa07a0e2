"""Keeps what Dagster says of its own troubles from standard error: we say it in words."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any, TextIO, cast

_ASIDE = "Exception while writing logger call to event log"


class _Sieve:
    """A stream that drops the asides and hands all else on, with its terminal's abilities."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return len(text) if text.startswith(_ASIDE) else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def without_asides() -> Iterator[None]:
    """Drop Dagster's notes that its event log cannot be written: the run fails in words then."""
    with redirect_stderr(cast("TextIO", _Sieve(sys.stderr))):
        yield
