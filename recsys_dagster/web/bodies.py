"""Reading what a service sends, without trusting it to come to an end."""

from typing import Any

import urllib3

from recsys_dagster.web.answers import TryAgain
from recsys_dagster.web.limits import Clock

_AT_ONCE = 1 << 16
LARGEST = 32 << 20
"""Bytes; no answer that is asked for comes near."""


def read_body(raw: Any, clock: Clock, until: float) -> bytes:
    """The body of a response.

    Parameters
    ----------
    raw
        What urllib3 has received so far.
    clock, until
        The moment (monotonic) when the whole of it has to be there.

    Raises
    ------
    TryAgain
        It broke off, is too large, or comes in drips.
    """
    parts, size = [], 0
    try:
        while part := raw.read1(_AT_ONCE, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > LARGEST:
                raise TryAgain(f"an answer of more than {LARGEST >> 20} MB")
            if clock.monotonic() > until:
                raise TryAgain("an answer that does not end")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        trouble = TryAgain(f"an answer that broke off ({type(error).__name__})")
    else:
        return b"".join(parts)
    raise trouble
